/** Kept content, sent whole or in parts. */

import { FilesResource } from "./_generated/resources.js";
import type * as t from "./_generated/types.js";
import { bytesOf, type Bytes } from "./media.js";
import { quote, type Options } from "./transport.js";

/** How a file is sent. */
export interface UploadOptions extends Options {
  filename?: string;
  /** batch, vision or user_data. */
  purpose?: string;
}

/** How a large file is sent. */
export interface PartsOptions extends UploadOptions {
  partBytes?: number;
  /** Goes on with an upload that broke off. */
  uploadId?: string;
  /** Told the share that has arrived, 0 to 1. */
  onProgress?: (share: number) => void;
}

const hex = (bytes: ArrayBuffer): string => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** `client.files` */
export class Files extends FilesResource {
  /** Sends a file in one request. */
  async upload(content: Bytes, { filename = "file", purpose = "user_data", ...options }: UploadOptions = {}): Promise<t.StoredFile> {
    const form = new FormData();
    form.set("purpose", purpose);
    form.set("file", new Blob([await bytesOf(content)]), filename);
    return this.send({ method: "POST", path: "/api/v1/files", content: form, options });
  }

  /** Sends a file of any size in parts, each tried again by itself; SHA-256 is checked at the end. */
  async uploadInParts(content: Bytes, settings: PartsOptions = {}): Promise<t.StoredFile> {
    const { filename = "file", purpose = "user_data", partBytes = 8 << 20, uploadId, onProgress, ...options } = settings;
    const bytes = await bytesOf(content);
    const open: t.Upload = uploadId
      ? await this.send({ method: "GET", path: `/api/v1/uploads/${quote(uploadId)}`, options })
      : await this.send({ method: "POST", path: "/api/v1/uploads", options, body: {
          filename, purpose, bytes: bytes.length, sha256: hex(await crypto.subtle.digest("SHA-256", bytes)) } });
    const size = Math.min(partBytes, open.max_part_bytes), there = new Set(open.parts.map((part) => part.number));
    for (let number = 1, start = 0; start < bytes.length; number++, start += size) {
      const content = bytes.slice(start, start + size);
      if (!there.has(number)) {
        await this.send({ method: "PUT", path: `/api/v1/uploads/${quote(open.id)}/parts/${number}`, content,
          options: { ...options, headers: { ...options.headers, "Content-Type": "application/octet-stream" } } });
      }
      onProgress?.(Math.min(1, (start + content.length) / bytes.length));
    }
    const done: t.Upload = await this.send({ method: "POST", path: `/api/v1/uploads/${quote(open.id)}/complete`, body: {}, options });
    return this.retrieve(done.file_id ?? "", options);
  }

  /** One file's content. */
  async content(fileId: string, options: Options = {}): Promise<Uint8Array> {
    const response = await this.transport.raw({ method: "GET", path: `/api/v1/files/${quote(fileId)}/content`,
      options: { ...options, headers: { Accept: "*/*", ...options.headers } } });
    return new Uint8Array(await response.arrayBuffer());
  }
}
