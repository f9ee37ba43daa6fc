package dev.tessera;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** One call of a model: its state, its output, its cost. */
public final class Prediction extends JsonObject {
    private static final Set<String> ENDED = Set.of("succeeded", "failed", "canceled");
    private static final String FINAL = "prediction";
    private static final int BREAKS = 5; // of a stream, one after the other without an event between them
    private final Transport transport;

    Prediction(JsonObject record, Transport transport) {
        super(record.asMap());
        this.transport = transport;
    }

    /** pred_… */
    public String getId() {
        return text("id");
    }

    /** The model's name. */
    public String getModel() {
        return text("model");
    }

    /** The version that answered, or 0 before one was chosen. */
    public long getVersion() {
        return whole("version");
    }

    /** queued, starting, processing, succeeded, failed or canceled. */
    public String getStatus() {
        return text("status");
    }

    /** 0 to 1. */
    public double getProgress() {
        return number("progress");
    }

    /** The output by its model's schema; empty before the end. */
    public JsonObject getOutput() {
        return object("output").orElseGet(() -> new JsonObject(Map.of()));
    }

    /** Code and detail of a failed prediction. */
    public Optional<JsonObject> getError() {
        return object("error");
    }

    /** What was delivered and what it cost; empty before the end. */
    public Optional<Usage> getUsage() {
        return object("usage").map(Usage::new);
    }

    /** Whether it has ended, well or not. */
    public boolean isDone() {
        return ENDED.contains(getStatus());
    }

    /** Its state now. */
    public Prediction refresh() {
        take(transport.send(new Transport.Call("GET", path())));
        return this;
    }

    /** Asks for its end; one that has ended already is refused as {@code invalid_state}. */
    public Prediction cancel() {
        take(transport.send(new Transport.Call("POST", path() + "/cancel")));
        return this;
    }

    /**
     * Returns when it has succeeded.
     *
     * @throws TesseraException.PredictionFailed where it failed or was canceled
     * @throws TesseraException.Timeout where it still runs after the limit
     */
    public Prediction await(Duration limit) {
        return await(limit, state -> { });
    }

    /** As {@link #await(Duration)}, and tells of each change of status or progress. */
    public Prediction await(Duration limit, Consumer<Prediction> progress) {
        long end = System.nanoTime() + limit.toNanos();
        String told = "";
        for (double pause = 100; ; pause = Math.min(pause * 1.5, 2000)) {
            String state = getStatus() + getProgress() + text("stage");
            if (!state.equals(told)) {
                told = state;
                progress.accept(this);
            }
            if (isDone()) {
                break;
            }
            long left = (end - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                throw new TesseraException.Timeout(getId() + " is still running");
            }
            Transport.sleep(Math.min((long) pause, left));
            refresh();
        }
        if (!"succeeded".equals(getStatus())) {
            throw new TesseraException.PredictionFailed(this);
        }
        return this;
    }

    /** Tells each step as it comes, to the final one; a connection that breaks is taken up where it was. */
    public void events(Consumer<Event> tell) {
        String last = null;
        for (int breaks = 0; breaks < BREAKS; breaks++) {
            Transport.Call call = new Transport.Call("GET", path() + "/events").header("Accept", "text/event-stream")
                    .header("Last-Event-ID", last).timeout(Duration.ofMinutes(10));
            try (BufferedReader lines = new BufferedReader(
                    new InputStreamReader(transport.stream(call).body, StandardCharsets.UTF_8))) {
                for (Event event = next(lines); event != null; event = next(lines)) {
                    tell.accept(event);
                    if (event.getKind().equals(FINAL)) {
                        return;
                    }
                    last = event.getId();
                    breaks = 0;
                }
            } catch (IOException broken) {
                if (breaks == BREAKS - 1) {
                    throw new TesseraException.Connection("the stream broke: " + broken, broken);
                }
            }
            Transport.sleep(1000);
        }
        throw new TesseraException.Connection("the stream ended without a word", null);
    }

    private static Event next(BufferedReader lines) throws IOException {
        String id = "";
        String kind = "message";
        StringBuilder data = new StringBuilder();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            if (line.isEmpty() && data.length() > 0) {
                Object read = Json.parse(data.toString());
                return new Event(id, kind, new JsonObject(read instanceof Map ? (Map<?, ?>) read : Map.of()));
            }
            int colon = line.indexOf(':');
            String name = colon < 0 ? line : line.substring(0, colon);
            String value = colon < 0 ? "" : line.substring(colon + 1).stripLeading();
            if (name.equals("data")) {
                data.append(value);
            } else if (name.equals("event")) {
                kind = value;
            } else if (name.equals("id")) {
                id = value;
            }
        }
        return null;
    }

    private String path() {
        return "/api/v1/predictions/" + Transport.quote(getId());
    }
}
