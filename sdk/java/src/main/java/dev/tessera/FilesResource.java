package dev.tessera;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.DoubleConsumer;

/** {@code client.files()}: kept content, sent whole or in parts. */
public final class FilesResource {
    private static final String ROOT = "/api/v1/files";
    private final Transport transport;

    FilesResource(Transport transport) {
        this.transport = transport;
    }

    /** Sends a small file in one request; purpose is {@code batch}, {@code vision} or {@code user_data}. */
    public StoredFile upload(Path file, String purpose) {
        try {
            return upload(file.getFileName().toString(), Files.readAllBytes(file), purpose);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    /** Sends content under a name. */
    public StoredFile upload(String filename, byte[] content, String purpose) {
        String mark = "tessera-" + UUID.randomUUID();
        ByteArrayOutputStream body = new ByteArrayOutputStream(content.length + 512);
        String name = filename.replace("\\", "_").replace("\"", "%22").replace("\r", "%0D").replace("\n", "%0A");
        body.writeBytes(("--" + mark + "\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n" + purpose
                + "\r\n--" + mark + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name
                + "\"\r\nContent-Type: application/octet-stream\r\n\r\n").getBytes(StandardCharsets.UTF_8));
        body.writeBytes(content);
        body.writeBytes(("\r\n--" + mark + "--\r\n").getBytes(StandardCharsets.UTF_8));
        return new StoredFile(transport.send(new Transport.Call("POST", ROOT)
                .bytes(body.toByteArray(), "multipart/form-data; boundary=" + mark)));
    }

    /** Sends a file of any size in parts, each tried again by itself; tells the share that has arrived. */
    public StoredFile uploadInParts(Path file, String purpose, int partBytes, DoubleConsumer progress) {
        try {
            long size = Files.size(file);
            Map<String, Object> wanted = Map.of("filename", file.getFileName().toString(), "bytes", size,
                    "purpose", purpose, "sha256", sha256(file));
            JsonObject made = transport.send(new Transport.Call("POST", "/api/v1/uploads").json(wanted));
            String root = "/api/v1/uploads/" + Transport.quote(made.text("id"));
            int part = (int) Math.min(partBytes, made.whole("max_part_bytes"));
            resume(root, file, size, part, progress);
            return get(transport.send(new Transport.Call("POST", root + "/complete").json(Map.of())).text("file_id"));
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private void resume(String root, Path file, long size, int part, DoubleConsumer progress) throws IOException {
        Set<Long> there = new HashSet<>();
        transport.send(new Transport.Call("GET", root)).objects("parts").forEach(one -> there.add(one.whole("number")));
        try (InputStream in = Files.newInputStream(file)) {
            long sent = 0;
            for (long number = 1; sent < size; number++) {
                byte[] chunk = in.readNBytes(part);
                if (chunk.length == 0) {
                    throw new IOException(file + " became shorter while it was sent");
                }
                if (!there.contains(number)) {
                    transport.send(new Transport.Call("PUT", root + "/parts/" + number)
                            .bytes(chunk, "application/octet-stream"));
                }
                sent += chunk.length;
                progress.accept((double) sent / size);
            }
        }
    }

    /** One file's description. */
    public StoredFile get(String id) {
        return new StoredFile(transport.send(new Transport.Call("GET", ROOT + "/" + Transport.quote(id))));
    }

    /** One file's content. */
    public byte[] content(String id) {
        return transport.bytes(new Transport.Call("GET", ROOT + "/" + Transport.quote(id) + "/content")
                .header("Accept", "*/*")).body;
    }

    /** All files, newest first. */
    public Page<StoredFile> list() {
        return new Page<>(transport, ROOT + "?limit=100", StoredFile::new);
    }

    /** Deletes a file. */
    public void delete(String id) {
        transport.bytes(new Transport.Call("DELETE", ROOT + "/" + Transport.quote(id)));
    }

    private static String sha256(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] chunk = new byte[1 << 20];
            for (int read = in.read(chunk); read > 0; read = in.read(chunk)) {
                digest.update(chunk, 0, read);
            }
            StringBuilder hex = new StringBuilder();
            for (byte one : digest.digest()) {
                hex.append(String.format("%02x", one));
            }
            return hex.toString();
        } catch (NoSuchAlgorithmException error) {
            throw new IllegalStateException(error);
        }
    }
}
