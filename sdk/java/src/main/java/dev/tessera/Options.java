package dev.tessera;

import java.util.LinkedHashMap;
import java.util.Map;

/** What may be said about a call beside its input. */
public final class Options {
    final Map<String, Object> members = new LinkedHashMap<>();
    String idempotencyKey;
    String maxCost;

    private Options() {
    }

    /** Nothing in particular. */
    public static Options none() {
        return new Options();
    }

    /** Settings of the model, within their bounds. */
    public Options parameters(Map<String, ?> parameters) {
        members.put("parameters", parameters);
        return this;
    }

    /** A version number, or an alias such as {@code stable}. */
    public Options version(Object version) {
        members.put("version", version);
        return this;
    }

    /** The caller's own words, kept with the prediction and given back. */
    public Options metadata(Map<String, ?> metadata) {
        members.put("metadata", metadata);
        return this;
    }

    /** An address that is told when a job ends; with {@link Model#submit} only. */
    public Options webhook(String url) {
        members.put("webhook", url);
        return this;
    }

    /** Calls with the same key are one call, for a day. Without it each logical call has a fresh one. */
    public Options idempotencyKey(String key) {
        idempotencyKey = key;
        return this;
    }

    /** Refuses the call when it would cost more, as {@code "0.05"}. */
    public Options maxCost(String amount) {
        maxCost = amount;
        return this;
    }
}
