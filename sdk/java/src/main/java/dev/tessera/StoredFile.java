package dev.tessera;

import java.time.OffsetDateTime;

/** A file of your organization; in a media field of an input it stands for its content. */
public final class StoredFile extends JsonObject {
    StoredFile(JsonObject record) {
        super(record.asMap());
    }

    /** file_… */
    public String getId() {
        return text("id");
    }

    /** The name that it was sent with. */
    public String getFilename() {
        return text("filename");
    }

    /** Its size in bytes. */
    public long getBytes() {
        return whole("bytes");
    }

    /** SHA-256 of its content, in lower-case hex. */
    public String getSha256() {
        return text("sha256");
    }

    /** When it is deleted. */
    public OffsetDateTime getExpiresAt() {
        return time("expires_at");
    }
}
