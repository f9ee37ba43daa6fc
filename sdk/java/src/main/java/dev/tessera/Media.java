package dev.tessera;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a caller holds, as the JSON that the API takes: files, bytes and streams become base64 text. */
final class Media {
    private Media() {
    }

    static Object encode(Object value) {
        try {
            if (value instanceof Path) {
                return text(Files.readAllBytes((Path) value));
            }
            if (value instanceof File) {
                return text(Files.readAllBytes(((File) value).toPath()));
            }
            if (value instanceof InputStream) {
                return text(((InputStream) value).readAllBytes());
            }
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        if (value instanceof byte[]) {
            return text((byte[]) value);
        }
        if (value instanceof StoredFile) {
            return ((StoredFile) value).getId();
        }
        if (value instanceof Map) {
            return fields((Map<?, ?>) value);
        }
        if (value instanceof Collection) {
            List<Object> found = new ArrayList<>();
            ((Collection<?>) value).forEach(item -> found.add(encode(item)));
            return found;
        }
        return value;
    }

    static Map<String, Object> fields(Map<?, ?> value) {
        Map<String, Object> found = new LinkedHashMap<>();
        value.forEach((name, item) -> found.put(String.valueOf(name), encode(item)));
        return found;
    }

    private static String text(byte[] content) {
        return Base64.getEncoder().encodeToString(content);
    }
}
