package dev.tessera;

import java.net.http.HttpHeaders;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** An answer that is a failure: a problem document (RFC 9457), or an error of the tensor protocol. */
public final class ApiException extends TesseraException {
    private static final long serialVersionUID = 1;
    private static final Set<Integer> PASSING = Set.of(408, 429, 500, 502, 503, 504);
    private final int status;
    private final String code;
    private final String requestId;
    private final boolean retryable;
    private final transient JsonObject problem;
    private final transient HttpHeaders headers;

    private ApiException(int status, JsonObject problem, HttpHeaders headers, String message) {
        super(message);
        this.status = status;
        this.problem = problem;
        this.headers = headers;
        this.code = problem.text("code") == null ? "" : problem.text("code");
        this.requestId = requestId(problem, headers);
        Object said = problem.get("retryable");
        this.retryable = said instanceof Boolean ? (Boolean) said : PASSING.contains(status);
    }

    static ApiException of(int status, byte[] body, HttpHeaders headers) {
        JsonObject problem = new JsonObject(Map.of());
        String text = new String(body, java.nio.charset.StandardCharsets.UTF_8);
        try {
            Object read = Json.parse(text);
            if (read instanceof Map) {
                problem = new JsonObject((Map<?, ?>) read);
            }
        } catch (IllegalArgumentException noJson) {
            problem = new JsonObject(Map.of("detail", text.length() > 500 ? text.substring(0, 500) : text));
        }
        String detail = problem.text("detail") != null ? problem.text("detail") : problem.text("error");
        StringBuilder message = new StringBuilder(status + " " + problem.text("code") + ": " + detail);
        for (JsonObject fault : problem.objects("errors")) {
            message.append("\n  ").append(fault.text("pointer")).append(": ").append(fault.text("detail"));
        }
        message.append(" (request ").append(requestId(problem, headers)).append(')');
        return new ApiException(status, problem, headers, message.toString());
    }

    private static String requestId(JsonObject problem, HttpHeaders headers) {
        String named = problem.text("request_id");
        return named != null ? named : headers.firstValue("x-request-id").orElse("unknown");
    }

    /** The HTTP status. */
    public int getStatus() {
        return status;
    }

    /** What went wrong, in one word of the API: {@code validation_error}, {@code rate_limited}, … */
    public String getCode() {
        return code;
    }

    /** Names the call in the platform's logs. */
    public String getRequestId() {
        return requestId;
    }

    /** Whether the same call may succeed later. */
    public boolean isRetryable() {
        return retryable;
    }

    /** The faults in the body: {@code pointer}, {@code detail}, {@code code} of each. */
    public List<JsonObject> getErrors() {
        return problem.objects("errors");
    }

    /** The whole document. */
    public JsonObject getProblem() {
        return problem;
    }

    HttpHeaders headers() {
        return headers;
    }
}
