package dev.tessera;

import java.math.BigDecimal;

/** What was delivered, and its price before included units and tiers. */
public final class Usage extends JsonObject {
    Usage(JsonObject record) {
        super(record.asMap());
    }

    /** What is counted: image, 1k_chars, second, … */
    public String getUnit() {
        return text("unit");
    }

    /** How many of them. */
    public long getUnits() {
        return whole("units");
    }

    /** The exact price. */
    public BigDecimal getCost() {
        return money("cost");
    }

    /** The currency of the price. */
    public String getCurrency() {
        return text("currency");
    }
}
