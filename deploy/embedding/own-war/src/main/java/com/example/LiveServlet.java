package com.example;

import io.fairlead.proxy.UpgradeProxyServlet;
import jakarta.servlet.http.HttpServletRequest;
import org.eclipse.jetty.client.Request;

/** Tells the backend who is logged in, in place of whatever the client says of that. */
public class LiveServlet extends UpgradeProxyServlet {

    private static final long serialVersionUID = 1;

    @Override
    protected void addProxyHeaders(HttpServletRequest request, Request backendRequest) {
        super.addProxyHeaders(request, backendRequest);
        backendRequest.headers(fields -> {
            fields.remove("X-User");
            if (request.getRemoteUser() != null) {
                fields.put("X-User", request.getRemoteUser());
            }
        });
    }
}
