package dev.tessera;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/** One logical call with its attempts, all under one Idempotency-Key, so that a retry is never charged twice. */
final class Transport {
    private static final long MAX_BACKOFF_MS = 8000;
    private static final long MAX_ASKED_S = 60;
    private final String key;
    private final String root;
    private final int retries;
    private final Duration timeout;
    private final HttpClient http;

    Transport(String key, String root, int retries, Duration timeout, HttpClient http) {
        this.key = key;
        this.root = root;
        this.retries = retries;
        this.timeout = timeout;
        this.http = http;
    }

    /** A request before it is sent. */
    static final class Call {
        final String method;
        final String path;
        final Map<String, String> headers = new LinkedHashMap<>();
        byte[] body;
        Duration timeout;

        Call(String method, String path) {
            this.method = method;
            this.path = path;
        }

        Call json(Object value) {
            return bytes(Json.write(value).getBytes(StandardCharsets.UTF_8), "application/json");
        }

        Call bytes(byte[] content, String type) {
            body = content;
            return header("Content-Type", type);
        }

        Call header(String name, String value) {
            if (value != null) {
                headers.put(name, value);
            }
            return this;
        }

        Call timeout(Duration limit) {
            timeout = limit;
            return this;
        }
    }

    /** A successful answer. */
    static final class Answer<T> {
        final T body;
        final HttpHeaders headers;

        Answer(T body, HttpHeaders headers) {
            this.body = body;
            this.headers = headers;
        }
    }

    /** One segment of a path, or a value of a query. */
    static String quote(Object part) {
        return URLEncoder.encode(String.valueOf(part), StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** The object that a call answers. */
    JsonObject send(Call call) {
        byte[] body = bytes(call).body;
        if (body.length == 0) {
            return new JsonObject(Map.of());
        }
        Object read = Json.parse(new String(body, StandardCharsets.UTF_8));
        if (!(read instanceof Map)) {
            throw new TesseraException("the answer of " + call.path + " is no object");
        }
        return new JsonObject((Map<?, ?>) read);
    }

    /** The bytes that a call answers. */
    Answer<byte[]> bytes(Call call) {
        return attempts(call, BodyHandlers.ofByteArray());
    }

    /** The stream that a call answers; its reader closes it. */
    Answer<InputStream> stream(Call call) {
        return attempts(call, BodyHandlers.ofInputStream());
    }

    private <T> Answer<T> attempts(Call call, BodyHandler<T> handler) {
        HttpRequest request = request(call);
        for (int attempt = 0; ; attempt++) {
            TesseraException failure;
            long wait = pause(attempt);
            try {
                HttpResponse<T> response = http.send(request, handler);
                if (response.statusCode() < 300) {
                    return new Answer<>(response.body(), response.headers());
                }
                ApiException refused =
                        ApiException.of(response.statusCode(), content(response.body()), response.headers());
                wait = refused.isRetryable() ? asked(response.headers(), wait) : -1;
                failure = refused;
            } catch (IOException error) {
                failure = new TesseraException.Connection("the server could not be reached: " + error, error);
            } catch (InterruptedException error) {
                Thread.currentThread().interrupt();
                throw new TesseraException.Connection("interrupted", error);
            }
            if (attempt >= retries || wait < 0) {
                throw failure;
            }
            sleep(wait);
        }
    }

    private static byte[] content(Object body) throws IOException {
        if (body instanceof InputStream) {
            try (InputStream in = (InputStream) body) {
                return in.readAllBytes();
            }
        }
        return (byte[]) body;
    }

    private HttpRequest request(Call call) {
        BodyPublisher body = call.body == null ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(call.body);
        HttpRequest.Builder builder = HttpRequest.newBuilder(URI.create(root + call.path)).method(call.method, body)
                .timeout(call.timeout == null ? timeout : call.timeout)
                .header("Authorization", "Bearer " + key).header("User-Agent", "tessera-java/" + AIClient.VERSION);
        if (!call.headers.containsKey("Accept")) {
            builder.header("Accept", "application/json");
        }
        if (call.method.equals("POST") && !call.headers.containsKey("Idempotency-Key")) {
            builder.header("Idempotency-Key", UUID.randomUUID().toString());
        }
        call.headers.forEach(builder::header);
        return builder.build();
    }

    private static long pause(int attempt) {
        double longest = Math.min(MAX_BACKOFF_MS, 500 * Math.pow(2, attempt));
        return (long) (longest * ThreadLocalRandom.current().nextDouble(0.5, 1));
    }

    /** What Retry-After asks for, in milliseconds; -1 where it asks for more than a caller would wait. */
    private static long asked(HttpHeaders headers, long otherwise) {
        String text = headers.firstValue("retry-after").orElse("");
        if (!text.matches("\\d{1,9}")) {
            return otherwise;
        }
        long seconds = Long.parseLong(text);
        return seconds <= MAX_ASKED_S ? seconds * 1000 : -1;
    }

    static void sleep(long milliseconds) {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new TesseraException("interrupted while waiting", error);
        }
    }
}
