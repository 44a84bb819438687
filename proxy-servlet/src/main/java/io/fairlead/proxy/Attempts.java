package io.fairlead.proxy;

import io.fairlead.proxy.backend.Backend;
import io.fairlead.proxy.backend.Backends.Waiting;
import io.fairlead.proxy.backend.Bond;
import io.fairlead.proxy.backend.Bond.Kind;
import io.fairlead.proxy.backend.Choice;
import io.fairlead.proxy.backend.Choice.None;
import io.fairlead.proxy.backend.Lease;
import io.fairlead.proxy.backend.RetryBudget;
import io.fairlead.proxy.backend.Wish;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.eclipse.jetty.io.Content;
import org.jspecify.annotations.Nullable;

/**
 * The backends that one request is sent to, one after the other until one has answered.
 *
 * <p>One event at a time; {@link #close} from any thread.
 */
final class Attempts {

    private final Balancing balancing;
    private final Bond bond;
    private final boolean learns;
    private final RetryBudget budget;
    private List<Backend> tried = List.of();
    private int retriesLeft;
    private @Nullable Lease lease;
    private boolean closed;

    /** @param learns whether the answer may open a session that the following requests name */
    Attempts(Balancing balancing, Bond bond, boolean learns, int retries, RetryBudget budget) {
        this.balancing = balancing;
        this.bond = bond;
        this.learns = learns;
        this.retriesLeft = retries;
        this.budget = budget;
    }

    /** The first backend, if there is one. */
    Choice first(boolean repeatable) {
        return taken(balancing.backends().lease(new Wish(bond, tried, repeatable && retriesLeft > 0)));
    }

    /** Another backend after the last one has failed, if there shall be one. */
    Choice afterFailure() {
        if (retriesLeft == 0) {
            return None.ABSENT;
        }
        Choice next = balancing.backends().lease(new Wish(bond, tried, true));
        if (next == None.ABSENT) {
            return next;
        }
        if (!budget.take()) {
            if (next instanceof Lease lease) {
                lease.close();
            }
            return None.ABSENT;
        }
        retriesLeft--;
        return taken(next);
    }

    /** Whether the backend's answer may be that another one has the session. */
    boolean mayBeOfAnother() {
        return bond.session() != null;
    }

    /** The next one to be asked for a session that the last one does not know, if there is one. */
    Choice nextToAsk() {
        String session = bond.session();
        if (session != null && bond.kind() == Kind.SESSION) {
            balancing.stickiness().forget(session);
        }
        return taken(balancing.backends().lease(new Wish(asking(), tried, false)));
    }

    private Bond asking() {
        return bond.kind() == Kind.ASKING
                ? bond
                : new Bond(Kind.ASKING, null, bond.session(), bond.key(), bond.cookieNeeded());
    }

    /** Waits until a backend has room; null if too many wait already. */
    @Nullable
    Waiting await(Consumer<@Nullable Lease> served) {
        return balancing.backends().await(new Wish(tried.isEmpty() ? bond : asked(), tried, false), served);
    }

    /** After the first one, whoever has room will do. */
    private Bond asked() {
        return bond.session() == null ? bond : asking();
    }

    /** What {@link #await} has given. */
    void served(Lease with) {
        taken(with);
    }

    private synchronized Choice taken(Choice choice) {
        if (choice instanceof Lease next) {
            Lease before = lease;
            if (before != null) {
                before.close();
            }
            lease = next;
            if (closed) {
                next.close();
            }
            List<Backend> all = new ArrayList<>(tried);
            all.add(next.backend());
            tried = all;
        }
        return choice;
    }

    /** The backend that it is with, or was last. */
    synchronized @Nullable Lease lease() {
        return lease;
    }

    /**
     * The backend has answered.
     *
     * @param accepts whether its answer to this request shows that it has the session
     */
    void answered(int status, boolean accepts) {
        Lease current = lease();
        if (current == null) {
            return;
        }
        if (status >= 500 && status != 501 && status != 505) {
            current.failed("it answered " + status);
        } else {
            current.succeeded();
        }
        String session = bond.session();
        if (session != null && accepts && bond.pinned() != current.backend()) {
            balancing.stickiness().learn(session, current.backend());
        }
    }

    /** The backend has not answered. */
    void failed(String why) {
        Lease current = lease();
        if (current != null) {
            current.failed(why);
        }
    }

    /** The answer's body, from which the name of a new session is learnt if there is one. */
    Content.Source learning(Content.Source answer) {
        Lease current = lease();
        return learns && current != null
                ? new EngineIo.OpeningBody(answer, sid -> balancing.stickiness().learn(sid, current.backend()))
                : answer;
    }

    void addCookie(HttpServletRequest request, HttpServletResponse response) {
        Lease current = lease();
        if (current != null) {
            balancing.addCookie(bond, current.backend(), request, response);
        }
    }

    /** The use of the backend is a tunnel's now, which closes it at its end. Null if it was closed already. */
    @Nullable
    Lease becomesTunnel() {
        Lease current = lease();
        if (current != null) {
            current.becomesTunnel();
        }
        return current;
    }

    /** No backend is used any more. */
    void close() {
        Lease last;
        synchronized (this) {
            closed = true;
            last = lease;
        }
        if (last != null) {
            last.close();
        }
    }
}
