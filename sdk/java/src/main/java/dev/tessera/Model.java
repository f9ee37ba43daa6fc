package dev.tessera;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** A handle on one model; to make it costs no call. */
public final class Model {
    private static final int WAIT_S = 60; // how long the server holds a call open before it answers with a job
    private final Transport transport;
    private final String name;

    Model(Transport transport, String name) {
        this.transport = transport;
        this.name = name;
    }

    /** The model's name. */
    public String getName() {
        return name;
    }

    /** Runs the model; a {@link java.nio.file.Path}, byte array or stream in the input is sent as a medium. */
    public Prediction predict(Map<String, ?> input) {
        return predict(input, Options.none());
    }

    /** As {@link #predict(Map)}, with options. */
    public Prediction predict(Map<String, ?> input, Options options) {
        return call(input, options, "wait=" + WAIT_S).await(Duration.ofHours(1));
    }

    /** Queues the call; {@link Prediction#await} on what it returns. */
    public Prediction submit(Map<String, ?> input) {
        return submit(input, Options.none());
    }

    /** As {@link #submit(Map)}, with options. */
    public Prediction submit(Map<String, ?> input, Options options) {
        return call(input, options, "respond-async");
    }

    /** Raw tensors in, raw tensors out, by name; binary on the wire. */
    public Map<String, Tensor> infer(Map<String, Tensor> inputs) {
        return Tensor.exchange(transport, "/v2/models/" + Transport.quote(name) + "/infer", inputs);
    }

    /** The model as the catalogue describes it. */
    public JsonObject describe() {
        return transport.send(new Transport.Call("GET", "/api/v1/models/" + Transport.quote(name)));
    }

    /** JSON Schemas of input, parameters and output. */
    public JsonObject schema() {
        return transport.send(new Transport.Call("GET", "/api/v1/models/" + Transport.quote(name) + "/schema"));
    }

    private Prediction call(Map<String, ?> input, Options options, String prefer) {
        Map<String, Object> body = new LinkedHashMap<>(options.members);
        body.put("input", Media.fields(input));
        Transport.Call call = new Transport.Call("POST", "/api/v1/models/" + Transport.quote(name) + "/predictions")
                .json(body).header("Prefer", prefer).header("Idempotency-Key", options.idempotencyKey)
                .header("Max-Cost", options.maxCost).timeout(Duration.ofSeconds(WAIT_S + 15L));
        return new Prediction(transport.send(call), transport);
    }
}
