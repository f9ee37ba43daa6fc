package dev.tessera;

import java.net.http.HttpClient;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The client. Safe for use by many threads.
 *
 * <p>Without a base URL it takes the environment variable {@code TESSERA_BASE_URL}. Where the key is the placeholder
 * {@code "API_KEY"} of the documentation's examples, or is not given, {@code TESSERA_API_KEY} is taken.
 */
public final class AIClient {
    static final String VERSION = "1.0.0";
    private static final String PLACEHOLDER = "API_KEY";
    private static final String DEFAULT_URL = "http://127.0.0.1:8000";
    private final Transport transport;

    /** A client by the environment. */
    public AIClient() {
        this(builder());
    }

    /** A client with that key. */
    public AIClient(String apiKey) {
        this(builder().apiKey(apiKey));
    }

    private AIClient(Builder builder) {
        boolean unsaid = builder.key == null || builder.key.equals(PLACEHOLDER);
        String key = unsaid ? System.getenv("TESSERA_API_KEY") : builder.key;
        if (key == null || key.isEmpty()) {
            throw new TesseraException("no API key: pass one, or set TESSERA_API_KEY");
        }
        String url = builder.url != null ? builder.url : System.getenv("TESSERA_BASE_URL");
        HttpClient http = builder.http != null ? builder.http : HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(10)).build();
        transport = new Transport(key, (url == null || url.isEmpty() ? DEFAULT_URL : url).replaceAll("/+$", ""),
                builder.retries, builder.timeout, http);
    }

    /** For a client with settings of its own. */
    public static Builder builder() {
        return new Builder();
    }

    /** Settings of a client. */
    public static final class Builder {
        private String key;
        private String url;
        private int retries = 2;
        private Duration timeout = Duration.ofSeconds(60);
        private HttpClient http;

        private Builder() {
        }

        /** The API key. */
        public Builder apiKey(String apiKey) {
            key = apiKey;
            return this;
        }

        /** Where the platform is. */
        public Builder baseUrl(String baseUrl) {
            url = baseUrl;
            return this;
        }

        /** How often a call is tried again where trying again can help; 2 unless told. */
        public Builder maxRetries(int maxRetries) {
            retries = maxRetries;
            return this;
        }

        /** How long an attempt may take; a minute unless told. */
        public Builder timeout(Duration limit) {
            timeout = limit;
            return this;
        }

        /** An HTTP client of the caller's own: proxies, certificates, executors. */
        public Builder httpClient(HttpClient client) {
            http = client;
            return this;
        }

        /** The client. */
        public AIClient build() {
            return new AIClient(this);
        }
    }

    /** A handle on a model; makes no call. */
    public Model model(String name) {
        return new Model(transport, name);
    }

    /** The catalogue, by the filters that the API has: {@code task}, {@code industry}, {@code search}, … */
    public Page<JsonObject> models(Map<String, String> filters) {
        String query = filters.entrySet().stream()
                .map(filter -> "&" + Transport.quote(filter.getKey()) + "=" + Transport.quote(filter.getValue()))
                .collect(Collectors.joining());
        return new Page<>(transport, "/api/v1/models?limit=100" + query, record -> record);
    }

    /** A prediction by its id. */
    public Prediction prediction(String id) {
        return new Prediction(transport.send(new Transport.Call("GET", "/api/v1/predictions/" + Transport.quote(id))),
                transport);
    }

    /** The account's predictions, newest first. */
    public Page<Prediction> predictions() {
        return new Page<>(transport, "/api/v1/predictions?limit=100", record -> new Prediction(record, transport));
    }

    /** Kept files. */
    public FilesResource files() {
        return new FilesResource(transport);
    }

    /** Starts a batch of a model's predictions over a file of JSON lines. */
    public Batch createBatch(String inputFileId, String model) {
        return new Batch(transport.send(new Transport.Call("POST", "/api/v1/batches")
                .json(Map.of("input_file_id", inputFileId, "model", model))), transport);
    }

    /** A batch by its id. */
    public Batch batch(String id) {
        JsonObject found = transport.send(new Transport.Call("GET", "/api/v1/batches/" + Transport.quote(id)));
        return new Batch(found, transport);
    }

    /** Several analyses of the image at an address, which the platform fetches. */
    public ImageAnalysisResult analyzeImage(String url, List<AnalysisType> types) {
        return analyze("url", url, types);
    }

    /** Several analyses of an image that is here: a {@link java.nio.file.Path}, bytes, a stream or a kept file. */
    public ImageAnalysisResult analyzeImage(Object image, List<AnalysisType> types) {
        return analyze("image", Media.encode(image), types);
    }

    private ImageAnalysisResult analyze(String member, Object image, List<AnalysisType> types) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put(member, image);
        body.put("types", types.stream().map(AnalysisType::name).collect(Collectors.toList()));
        return new ImageAnalysisResult(transport.send(new Transport.Call("POST", "/api/v1/analyze-image").json(body)));
    }

    /** The best labels of an image by the default classifier. */
    public JsonObject classify(Object image, int topK) {
        return transport.send(new Transport.Call("POST", "/api/v1/classify")
                .json(Map.of("image_base64", Media.encode(image), "top_k", topK)));
    }

    /** The organization behind the key. */
    public JsonObject account() {
        return transport.send(new Transport.Call("GET", "/api/v1/account"));
    }

    /** What these units of a model would cost now. */
    public JsonObject estimate(String model, long units) {
        return transport.send(new Transport.Call("GET",
                "/api/v1/pricing/estimate?model=" + Transport.quote(model) + "&units=" + units));
    }

    /** This month's usage, grouped by {@code model}, {@code day} or {@code key}. */
    public JsonObject usage(String groupBy) {
        return transport.send(new Transport.Call("GET", "/api/v1/usage?group_by=" + Transport.quote(groupBy)));
    }

    /** Any other call of the API: method, path with its query, and a body to be written as JSON, or null. */
    public JsonObject call(String method, String path, Object body) {
        Transport.Call call = new Transport.Call(method, path);
        return transport.send(body == null ? call : call.json(body));
    }
}
