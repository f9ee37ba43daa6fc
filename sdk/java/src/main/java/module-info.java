/** The Java client of the Tessera AI capability marketplace. Needs nothing but the JDK. */
module dev.tessera {
    requires transitive java.net.http;

    exports dev.tessera;
}
