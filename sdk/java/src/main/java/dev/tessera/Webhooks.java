package dev.tessera;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Webhooks, verified as Standard Webhooks say before anything of them is believed. */
public final class Webhooks {
    private static final Duration TOLERANCE = Duration.ofMinutes(5);

    private Webhooks() {
    }

    /** The event, if its signature is right and it is not too old. Throws {@link TesseraException.InvalidSignature}. */
    public static JsonObject verify(byte[] body, Map<String, String> headers, String secret) {
        return verify(body, headers, secret, Instant.now());
    }

    static JsonObject verify(byte[] body, Map<String, String> headers, String secret, Instant now) {
        String id = header(headers, "webhook-id");
        String stamp = header(headers, "webhook-timestamp");
        if (id.isEmpty() || !stamp.matches("\\d{1,12}")) {
            throw new TesseraException.InvalidSignature("webhook-id or webhook-timestamp is missing");
        }
        if (Duration.between(Instant.ofEpochSecond(Long.parseLong(stamp)), now).abs().compareTo(TOLERANCE) > 0) {
            throw new TesseraException.InvalidSignature("the message is too old or from the future");
        }
        byte[] wanted = signature(id + "." + stamp + ".", body, secret);
        for (String given : header(headers, "webhook-signature").split(" ")) {
            if (given.startsWith("v1,")
                    && MessageDigest.isEqual(wanted, given.substring(3).getBytes(StandardCharsets.US_ASCII))) {
                Object event = Json.parse(new String(body, StandardCharsets.UTF_8));
                if (event instanceof Map) {
                    return new JsonObject((Map<?, ?>) event);
                }
            }
        }
        throw new TesseraException.InvalidSignature("no signature fits");
    }

    private static byte[] signature(String before, byte[] body, String secret) {
        try {
            byte[] key = Base64.getDecoder().decode(secret.startsWith("whsec_") ? secret.substring(6) : secret);
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            mac.update(before.getBytes(StandardCharsets.UTF_8));
            return Base64.getEncoder().encode(mac.doFinal(body));
        } catch (GeneralSecurityException | IllegalArgumentException error) {
            throw new TesseraException.InvalidSignature("the secret is not a whsec_… secret");
        }
    }

    private static String header(Map<String, String> headers, String name) {
        return headers.entrySet().stream().filter(entry -> entry.getKey().equalsIgnoreCase(name))
                .map(Map.Entry::getValue).findFirst().orElse("");
    }
}
