import com.sun.net.httpserver.HttpServer;
import dev.tessera.AIClient;
import dev.tessera.ApiException;
import dev.tessera.Batch;
import dev.tessera.Json;
import dev.tessera.JsonObject;
import dev.tessera.Options;
import dev.tessera.Prediction;
import dev.tessera.StoredFile;
import dev.tessera.Tensor;
import dev.tessera.TesseraException;
import dev.tessera.Webhooks;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Every call of the Java client, by whoever reads the one JSON object that it prints: url, key, image, folder. */
public final class Checks {
    private static final Map<String, Object> SEEN = new LinkedHashMap<>();

    private Checks() {
    }

    public static void main(String[] args) throws Exception {
        AIClient client = AIClient.builder().apiKey(args[1]).baseUrl(args[0] + "/").build();
        Path image = Path.of(args[2]);
        predictions(client, image);
        tensors(client);
        files(client, image, Path.of(args[3]));
        failures(client, args[0]);
        retries();
        json();
        webhooks();
        System.out.println(Json.write(SEEN));
    }

    private static void predictions(AIClient client, Path image) {
        Prediction face = client.model("face-detect").predict(Map.of("image", image));
        JsonObject box = face.getOutput().objects("boxes").get(0);
        SEEN.put("face", List.of(face.getStatus(), box.number("x"), box.number("y"), box.number("width")));
        SEEN.put("cost", face.getUsage().orElseThrow().getCost().toPlainString());

        Options options = Options.none().metadata(Map.of("order", "7")).idempotencyKey("java-" + System.nanoTime());
        Map<String, Object> text = Map.of("text", "I love it, wonderful work!");
        Prediction first = client.model("sentiment-en").predict(text, options);
        Prediction again = client.model("sentiment-en").predict(text, options);
        SEEN.put("sentiment", first.getOutput().text("verdict"));
        SEEN.put("metadata", first.object("metadata").orElseThrow().text("order"));
        SEEN.put("same id", first.getId().equals(again.getId()));

        List<Integer> series = new ArrayList<>();
        for (int step = 0; step < 60; step++) {
            series.add(step < 30 ? 1 : 4);
        }
        Set<String> states = new LinkedHashSet<>();
        Prediction job = client.model("change-points").submit(Map.of("series", series));
        job.await(Duration.ofSeconds(90), now -> states.add(now.getStatus()));
        SEEN.put("breaks", job.getOutput().list("breaks"));
        SEEN.put("last state", new ArrayList<>(states).get(states.size() - 1));
        List<String> kinds = new ArrayList<>();
        job.events(event -> kinds.add(event.getKind()));
        SEEN.put("last event", kinds.get(kinds.size() - 1));
        SEEN.put("cancel after the end", code(job::cancel));
        SEEN.put("read again", client.prediction(job.getId()).getStatus());
        SEEN.put("listed", client.predictions().stream().limit(50).anyMatch(one -> one.getId().equals(job.getId())));

        List<String> names = client.models(Map.of()).stream().map(one -> one.text("name")).collect(Collectors.toList());
        SEEN.put("models", List.of(names.size(), new TreeSet<>(names).size()));
        SEEN.put("task", client.models(Map.of("task", "face-detection")).stream().map(one -> one.text("name"))
                .collect(Collectors.toList()).contains("face-detect"));
        SEEN.put("schema", client.model("face-detect").schema().object("input").orElseThrow().list("required"));
        SEEN.put("title", client.model("face-detect").describe().text("title"));
        SEEN.put("organization", client.account().text("organization"));
        SEEN.put("estimate", client.estimate("face-detect", 1).text("unit"));
        SEEN.put("usage", client.usage("model").objects("data").stream()
                .anyMatch(row -> "face-detect".equals(row.text("group")) && row.whole("events") > 0));
        SEEN.put("labels", client.classify(image, 3).list("predictions").size());
    }

    private static void tensors(AIClient client) {
        float[] ink = new float[128];
        for (int index = 0; index < 64; index++) {
            ink[index] = index % 8 == 3 || index % 8 == 4 ? 1 : 0;
        }
        Tensor scores = client.model("digit-recognise").infer(Map.of("image", Tensor.of(ink, 2, 1, 8, 8))).get("scores");
        float[] alone = client.model("digit-recognise")
                .infer(Map.of("image", Tensor.of(java.util.Arrays.copyOf(ink, 64), 1, 1, 8, 8))).get("scores").floats();
        double largest = 0;
        for (int index = 0; index < 10; index++) {
            largest = Math.max(largest, Math.abs(alone[index] - scores.floats()[index]));
        }
        SEEN.put("scores", List.of(scores.getDatatype(), scores.getShape(), largest < 1e-5));
        Tensor asked = Tensor.of(new String[] {"{\"input\": {\"text\": \"Awful. It broke at once.\"}}"}, 1);
        SEEN.put("bytes", Json.parse(client.model("sentiment-en").infer(Map.of("input", asked)).get("output").texts()[0]));
    }

    private static void files(AIClient client, Path image, Path folder) throws Exception {
        StoredFile file = client.files().upload(image, "vision");
        SEEN.put("file", java.util.Arrays.equals(client.files().content(file.getId()), Files.readAllBytes(image)));
        SEEN.put("by file", client.model("face-detect").predict(Map.of("image", file)).getOutput().objects("boxes").size());
        SEEN.put("in list", client.files().list().stream().anyMatch(one -> one.getId().equals(file.getId())));
        client.files().delete(file.getId());
        SEEN.put("deleted", code(() -> client.files().get(file.getId())));

        byte[] content = new byte[300_000];
        new Random(5).nextBytes(content);
        Path large = Files.write(folder.resolve("large.bin"), content);
        List<Double> shares = new ArrayList<>();
        StoredFile whole = client.files().uploadInParts(large, "user_data", 100_000, shares::add);
        SEEN.put("parts", List.of(shares.size(), java.util.Arrays.equals(client.files().content(whole.getId()), content)));

        String lines = "{\"custom_id\": \"a\", \"input\": {\"text\": \"fine\"}}\n{\"custom_id\": \"b\", \"input\": {}}\n";
        StoredFile input = client.files().upload("in.jsonl", lines.getBytes(StandardCharsets.UTF_8), "batch");
        Batch batch = client.createBatch(input.getId(), "sentiment-en").await(Duration.ofSeconds(90));
        SEEN.put("batch", List.of(batch.getStatus(), batch.getSucceeded(), batch.getFailed()));
        String failed = new String(client.files().content(batch.getErrorFileId()), StandardCharsets.UTF_8);
        SEEN.put("failed line", new JsonObject((Map<?, ?>) Json.parse(failed.strip())).text("custom_id"));
    }

    private static void failures(AIClient client, String url) {
        SEEN.put("unknown model", code(() -> client.model("no-such-model").predict(Map.of("text", "x"))));
        try {
            client.model("face-detect").predict(Map.of());
        } catch (ApiException error) {
            SEEN.put("missing field", List.of(error.getStatus(), error.getErrors().get(0).text("pointer"),
                    error.getRequestId().startsWith("req_"), error.isRetryable()));
        }
        AIClient stranger = AIClient.builder().apiKey("tsr_live_wrong").baseUrl(url).maxRetries(0).build();
        SEEN.put("wrong key", code(stranger::account));
        AIClient nowhere = AIClient.builder().apiKey("x").baseUrl("http://127.0.0.1:1").maxRetries(0).build();
        SEEN.put("nobody there", code(nowhere::account));
        SEEN.put("no key", code(() -> AIClient.builder().apiKey("").build()));
    }

    private static String code(Runnable call) {
        try {
            call.run();
            return "no failure";
        } catch (ApiException error) {
            return error.getStatus() + " " + error.getCode();
        } catch (TesseraException error) {
            return error.getClass().getSimpleName();
        }
    }

    /** A server of our own that fails twice: the one thing that the product can't be asked for. */
    private static void retries() throws Exception {
        List<String> keys = new ArrayList<>();
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/", exchange -> {
            keys.add(exchange.getRequestHeaders().getFirst("Idempotency-Key"));
            boolean refused = exchange.getRequestURI().getPath().endsWith("/refused");
            int status = refused ? 422 : keys.size() < 3 ? 503 : 200;
            byte[] body = (status == 200 ? "{\"status\": \"brand new\"}" : "{\"code\": \"overloaded\"}").getBytes();
            exchange.getResponseHeaders().set("Retry-After", "0");
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        try {
            AIClient client = AIClient.builder().apiKey("x").baseUrl("http://127.0.0.1:" + server.getAddress().getPort())
                    .build();
            String answer = client.call("POST", "/anything", Map.of()).text("status");
            SEEN.put("retries", List.of(answer, keys.size(), new TreeSet<>(keys).size()));
            keys.clear();
            SEEN.put("not retried", code(() -> client.call("POST", "/refused", Map.of())) + " after " + keys.size());
        } finally {
            server.stop(0);
        }
    }

    private static void json() {
        String text = "{\"a\": [1, -2.5e3, true, null, \"\\u00e9\\n\\\"\\ud83d\\ude00\"], \"big\": 12345678901234567890}";
        SEEN.put("json", Json.parse(Json.write(Json.parse(text))));
        List<String> wrong = new ArrayList<>();
        for (String bad : List.of("", "{", "[1,]", "{\"a\" 1}", "01", "nul", "\"a", "\"\\x\"", "1 2", "\"\u0001\"", "-",
                "[".repeat(300))) {
            try {
                Json.parse(bad);
                wrong.add(bad);
            } catch (IllegalArgumentException expected) {
                continue;
            }
        }
        SEEN.put("taken for json", wrong);
    }

    private static void webhooks() throws Exception {
        byte[] key = "a secret of ours".getBytes(StandardCharsets.UTF_8);
        byte[] body = "{\"type\": \"prediction.succeeded\"}".getBytes(StandardCharsets.UTF_8);
        String secret = "whsec_" + Base64.getEncoder().encodeToString(key);
        long now = System.currentTimeMillis() / 1000;
        SEEN.put("webhook", Webhooks.verify(body, signed(key, body, now), secret).text("type"));
        SEEN.put("old", code(() -> Webhooks.verify(body, signed(key, body, now - 400), secret)));
        SEEN.put("forged", code(() -> Webhooks.verify("{}".getBytes(), signed(key, body, now), secret)));
        SEEN.put("unsigned", code(() -> Webhooks.verify(body, Map.of(), secret)));
    }

    private static Map<String, String> signed(byte[] key, byte[] body, long stamp) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            mac.update(("msg_1." + stamp + ".").getBytes(StandardCharsets.UTF_8));
            String mine = "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
            return Map.of("Webhook-Id", "msg_1", "Webhook-Timestamp", String.valueOf(stamp), "Webhook-Signature",
                    "v1,b3RoZXI= " + mine);
        } catch (java.security.GeneralSecurityException error) {
            throw new IllegalStateException(error);
        }
    }
}
