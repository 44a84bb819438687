/**
 * What TLS needs beside a connection. Files of keys and certificates, read: what an administrator has, turned into what
 * TLS wants. And its failures, told: what the JVM refuses, turned into what an administrator can act on.
 *
 * <p>PEM, and keystores of the types PKCS12 and JKS; told apart by what is in a file, not by its name. Bouncy Castle
 * reads PEM and is loaded for nothing else; every key and certificate is one of the JDK's own, and no security provider
 * is registered.
 */
@NullMarked
package io.fairlead.proxy.tls;

import org.jspecify.annotations.NullMarked;
