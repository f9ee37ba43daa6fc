package dev.tessera;

/** A thing in a picture, in pixels. */
public final class DetectedObject extends JsonObject {
    DetectedObject(JsonObject record) {
        super(record.asMap());
    }

    /** What it is. */
    public String getLabel() {
        return text("label");
    }

    /** How sure the model is, from 0 to 1. */
    public double getScore() {
        return number("score");
    }

    /** Left edge. */
    public double getX() {
        return number("x");
    }

    /** Upper edge. */
    public double getY() {
        return number("y");
    }

    /** Width. */
    public double getWidth() {
        return number("width");
    }

    /** Height. */
    public double getHeight() {
        return number("height");
    }
}
