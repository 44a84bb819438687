package io.fairlead.proxy;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Whether the Jetty that Fairlead's HTTP client comes from is one that it knows. A build tool that manages Jetty's versions, as
 * Spring Boot's parent does, may have put another in its place.
 */
final class JettyClientVersion {

    private static final Pattern NUMBERS = Pattern.compile("(\\d+)\\.(\\d+)\\..*");

    private JettyClientVersion() {}

    /**
     * What is wrong with a version, in a sentence; null if nothing is, also where it is none, as in a jar that was packed anew.
     */
    static @Nullable String fault(String version) {
        Matcher numbers = NUMBERS.matcher(version);
        if (!numbers.matches()
                || (numbers.group(1).equals("12") && !numbers.group(2).equals("0"))) {
            return null;
        }
        return "Jetty's HTTP client on the class path is " + version
                + ", Fairlead needs 12.1 or a later 12: with Spring Boot's"
                + " parent set the property jetty.version, else import jetty-bom and jetty-ee10-bom before other BOMs";
    }
}
