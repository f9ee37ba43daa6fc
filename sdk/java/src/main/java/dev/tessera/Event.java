package dev.tessera;

/** A step of a prediction: {@code status}, {@code progress}, or at the end {@code prediction}. */
public final class Event {
    private final String id;
    private final String kind;
    private final JsonObject data;

    Event(String id, String kind, JsonObject data) {
        this.id = id;
        this.kind = kind;
        this.data = data;
    }

    /** Its number, from which a stream goes on. */
    public String getId() {
        return id;
    }

    /** What it tells of. */
    public String getKind() {
        return kind;
    }

    /** What it tells. */
    public JsonObject getData() {
        return data;
    }
}
