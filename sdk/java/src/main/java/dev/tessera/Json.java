package dev.tessera;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * RFC 8259, read and written: objects are {@link LinkedHashMap}, arrays {@link ArrayList}, whole numbers {@link Long}
 * (or {@link BigInteger} beyond it), others {@link Double}, and null is null.
 */
public final class Json {
    private static final int MAX_DEPTH = 256;
    private final String text;
    private int at;
    private int depth;

    private Json(String text) {
        this.text = text;
    }

    /** The value of a JSON text. */
    public static Object parse(String text) {
        Json json = new Json(text);
        Object value = json.value();
        json.blanks();
        if (json.at != text.length()) {
            throw json.fault("more than one value");
        }
        return value;
    }

    /** A value as JSON text. Maps, collections, arrays of float, double, int and long, text, numbers and booleans. */
    public static String write(Object value) {
        StringBuilder out = new StringBuilder();
        write(out, value);
        return out.toString();
    }

    private IllegalArgumentException fault(String what) {
        return new IllegalArgumentException("JSON: " + what + " at character " + at);
    }

    private void blanks() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private char next(String wanted) {
        blanks();
        if (at >= text.length()) {
            throw fault("the text ends where " + wanted + " should be");
        }
        return text.charAt(at);
    }

    private Object value() {
        char first = next("a value");
        switch (first) {
            case '{':
                return object();
            case '[':
                return array();
            case '"':
                return string();
            case 't':
                return word("true", Boolean.TRUE);
            case 'f':
                return word("false", Boolean.FALSE);
            case 'n':
                return word("null", null);
            default:
                return number();
        }
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, at)) {
            throw fault("no value");
        }
        at += word.length();
        return value;
    }

    private void enter() {
        at++;
        if (++depth > MAX_DEPTH) {
            throw fault("nested too deep");
        }
    }

    private Map<String, Object> object() {
        Map<String, Object> found = new LinkedHashMap<>();
        enter();
        if (next("a name or '}'") == '}') {
            at++;
            depth--;
            return found;
        }
        while (true) {
            if (next("a name") != '"') {
                throw fault("a name must be text");
            }
            String name = string();
            if (next("':'") != ':') {
                throw fault("':' expected");
            }
            at++;
            found.put(name, value());
            if (!more('}')) {
                return found;
            }
        }
    }

    private List<Object> array() {
        List<Object> found = new ArrayList<>();
        enter();
        if (next("a value or ']'") == ']') {
            at++;
            depth--;
            return found;
        }
        do {
            found.add(value());
        } while (more(']'));
        return found;
    }

    private boolean more(char end) {
        char found = next("',' or '" + end + "'");
        at++;
        if (found == end) {
            depth--;
            return false;
        }
        if (found != ',') {
            throw fault("',' or '" + end + "' expected");
        }
        return true;
    }

    private Object number() {
        int start = at;
        while (at < text.length() && "+-0123456789.eE".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        String digits = text.substring(start, at);
        if (!digits.matches("-?(0|[1-9]\\d*)(\\.\\d+)?([eE][+-]?\\d+)?")) {
            throw fault("no value");
        }
        if (!digits.matches("-?\\d+")) {
            return Double.valueOf(digits);
        }
        if (digits.length() < 19) {
            return Long.valueOf(digits);
        }
        BigInteger whole = new BigInteger(digits);
        return whole.bitLength() < 64 ? (Object) whole.longValue() : whole;
    }

    private String string() {
        StringBuilder out = new StringBuilder();
        at++;
        while (true) {
            if (at >= text.length()) {
                throw fault("a text has no end");
            }
            char found = text.charAt(at++);
            if (found == '"') {
                return out.toString();
            }
            if (found < ' ') {
                throw fault("a control character in a text");
            }
            out.append(found == '\\' ? escaped() : found);
        }
    }

    private char escaped() {
        if (at >= text.length()) {
            throw fault("a text has no end");
        }
        char found = text.charAt(at++);
        int place = "\"\\/bfnrt".indexOf(found);
        if (place >= 0) {
            return "\"\\/\b\f\n\r\t".charAt(place);
        }
        if (found != 'u' || at + 4 > text.length() || !text.substring(at, at + 4).matches("[0-9a-fA-F]{4}")) {
            throw fault("an unknown escape");
        }
        at += 4;
        return (char) Integer.parseInt(text.substring(at - 4, at), 16);
    }

    private static void write(StringBuilder out, Object value) {
        if (value == null || value instanceof Boolean) {
            out.append(value);
        } else if (value instanceof Number) {
            number(out, (Number) value);
        } else if (value instanceof Map) {
            object(out, (Map<?, ?>) value);
        } else if (value instanceof Collection) {
            array(out, (Collection<?>) value);
        } else if (value.getClass().isArray()) {
            array(out, boxed(value));
        } else {
            string(out, value.toString());
        }
    }

    private static void number(StringBuilder out, Number value) {
        if (value instanceof BigDecimal) {
            out.append(((BigDecimal) value).toPlainString());
            return;
        }
        if ((value instanceof Double || value instanceof Float) && !Double.isFinite(value.doubleValue())) {
            throw new IllegalArgumentException("JSON has no " + value);
        }
        out.append(value);
    }

    private static List<Object> boxed(Object array) {
        List<Object> found = new ArrayList<>();
        for (int index = 0; index < java.lang.reflect.Array.getLength(array); index++) {
            found.add(java.lang.reflect.Array.get(array, index));
        }
        return found;
    }

    private static void object(StringBuilder out, Map<?, ?> value) {
        String before = "{";
        for (Map.Entry<?, ?> member : value.entrySet()) {
            out.append(before);
            string(out, String.valueOf(member.getKey()));
            out.append(':');
            write(out, member.getValue());
            before = ",";
        }
        out.append(value.isEmpty() ? "{}" : "}");
    }

    private static void array(StringBuilder out, Collection<?> value) {
        String before = "[";
        for (Object item : value) {
            out.append(before);
            write(out, item);
            before = ",";
        }
        out.append(value.isEmpty() ? "[]" : "]");
    }

    private static void string(StringBuilder out, String value) {
        out.append('"');
        for (int index = 0; index < value.length(); index++) {
            char found = value.charAt(index);
            if (found == '"' || found == '\\') {
                out.append('\\').append(found);
            } else if (found < ' ' || Character.isSurrogate(found)) {
                out.append(String.format("\\u%04x", (int) found));
            } else {
                out.append(found);
            }
        }
        out.append('"');
    }
}
