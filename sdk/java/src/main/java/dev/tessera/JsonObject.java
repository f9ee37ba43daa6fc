package dev.tessera;

import java.math.BigDecimal;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An object of an answer. What this package knows has a method of its own; what is newer than it is read by name. A
 * member that is missing or of another type reads as null, 0, false or an empty list.
 */
public class JsonObject {
    private Map<String, Object> members;

    /** An object with these members. */
    public JsonObject(Map<?, ?> members) {
        this.members = copy(members);
    }

    private static Map<String, Object> copy(Map<?, ?> members) {
        Map<String, Object> found = new LinkedHashMap<>();
        members.forEach((name, value) -> found.put(String.valueOf(name), value));
        return found;
    }

    /** Takes the members of a newer state of the same thing. */
    final void take(JsonObject newer) {
        members = newer.members;
    }

    /** All members, as JSON reads them. */
    public final Map<String, Object> asMap() {
        return Collections.unmodifiableMap(members);
    }

    /** One member, as JSON reads it, or null. */
    public final Object get(String name) {
        return members.get(name);
    }

    /** A text, or null. */
    public final String text(String name) {
        Object value = get(name);
        return value instanceof String ? (String) value : null;
    }

    /** A whole number, or 0. */
    public final long whole(String name) {
        Object value = get(name);
        return value instanceof Number ? ((Number) value).longValue() : 0;
    }

    /** A number, or 0. */
    public final double number(String name) {
        Object value = get(name);
        return value instanceof Number ? ((Number) value).doubleValue() : 0;
    }

    /** A boolean, or false. */
    public final boolean flag(String name) {
        return Boolean.TRUE.equals(get(name));
    }

    /** Exact money, which the API writes as text, or null. */
    public final BigDecimal money(String name) {
        Object value = get(name);
        return value instanceof String || value instanceof Number ? new BigDecimal(value.toString()) : null;
    }

    /** A moment, or null. */
    public final OffsetDateTime time(String name) {
        String value = text(name);
        return value == null ? null : OffsetDateTime.parse(value);
    }

    /** An inner object. */
    public final Optional<JsonObject> object(String name) {
        Object value = get(name);
        return value instanceof Map ? Optional.of(new JsonObject((Map<?, ?>) value)) : Optional.empty();
    }

    /** The inner objects of a list. */
    public final List<JsonObject> objects(String name) {
        List<JsonObject> found = new ArrayList<>();
        for (Object item : list(name)) {
            if (item instanceof Map) {
                found.add(new JsonObject((Map<?, ?>) item));
            }
        }
        return found;
    }

    /** The numbers of a list. */
    public final double[] numbers(String name) {
        return list(name).stream().filter(Number.class::isInstance).mapToDouble(item -> ((Number) item).doubleValue())
                .toArray();
    }

    /** A list, as JSON reads it. */
    public final List<Object> list(String name) {
        Object value = get(name);
        return value instanceof List ? new ArrayList<>((List<?>) value) : new ArrayList<>();
    }

    @Override
    public String toString() {
        return Json.write(members);
    }
}
