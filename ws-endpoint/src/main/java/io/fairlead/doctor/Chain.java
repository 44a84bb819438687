package io.fairlead.doctor;

/**
 * The certificates that the server has shown.
 *
 * @param length how many
 * @param fault what is wrong with them, to go on after <em>the certificate of HOST</em>; empty if nothing is
 * @param incomplete whether it ends with one that was signed by another which is neither there nor trusted here
 * @param last the subject of the last one
 * @param issuer who signed that
 */
public record Chain(int length, String fault, boolean incomplete, String last, String issuer) {}
