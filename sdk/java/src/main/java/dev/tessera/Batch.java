package dev.tessera;

import java.time.Duration;
import java.util.Set;

/** Many calls from a file of JSON lines; each is metered and billed as a call of its own. */
public final class Batch extends JsonObject {
    private static final Set<String> ENDED = Set.of("completed", "failed", "canceled", "expired");
    private final Transport transport;

    Batch(JsonObject record, Transport transport) {
        super(record.asMap());
        this.transport = transport;
    }

    /** batch_… */
    public String getId() {
        return text("id");
    }

    /** validating, in_progress, finalizing, completed, failed, canceling, canceled or expired. */
    public String getStatus() {
        return text("status");
    }

    /** Lines that gave an answer. */
    public long getSucceeded() {
        return object("counts").map(counts -> counts.whole("succeeded")).orElse(0L);
    }

    /** Lines that failed. */
    public long getFailed() {
        return object("counts").map(counts -> counts.whole("failed")).orElse(0L);
    }

    /** The file of answers, or null before there is one. */
    public String getOutputFileId() {
        return text("output_file_id");
    }

    /** The file of failures, or null where nothing failed. */
    public String getErrorFileId() {
        return text("error_file_id");
    }

    /** Its state now. */
    public Batch refresh() {
        take(transport.send(new Transport.Call("GET", path())));
        return this;
    }

    /** Asks for its end; what has run is delivered. */
    public Batch cancel() {
        take(transport.send(new Transport.Call("POST", path() + "/cancel")));
        return this;
    }

    /** Returns when it has ended, however. */
    public Batch await(Duration limit) {
        long end = System.nanoTime() + limit.toNanos();
        for (double pause = 200; !ENDED.contains(getStatus()); pause = Math.min(pause * 1.5, 5000)) {
            long left = (end - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                throw new TesseraException.Timeout(getId() + " is still running");
            }
            Transport.sleep(Math.min((long) pause, left));
            refresh();
        }
        return this;
    }

    private String path() {
        return "/api/v1/batches/" + Transport.quote(getId());
    }
}
