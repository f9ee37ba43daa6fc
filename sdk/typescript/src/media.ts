/** What a caller holds, as the JSON that the API takes: bytes and blobs become base64 text. */

/** Bytes in any of the forms that a platform has (a Node Buffer is a Uint8Array). */
export type Bytes = Uint8Array | ArrayBuffer | Blob;

const CHUNK = 0x8000;

export async function bytesOf(value: Bytes): Promise<Uint8Array<ArrayBuffer>> {
  if (value instanceof Blob) return new Uint8Array(await value.arrayBuffer());
  return value instanceof ArrayBuffer ? new Uint8Array(value) : Uint8Array.from(value);
}

export function base64(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(start, start + CHUNK));
  }
  return btoa(text);
}

/** The value with every medium in it as text; typed arrays of numbers become lists. */
export async function encode(value: unknown): Promise<unknown> {
  if (value instanceof Uint8Array || value instanceof ArrayBuffer || value instanceof Blob) return base64(await bytesOf(value));
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value as Float64Array);
  if (Array.isArray(value)) return Promise.all(value.map(encode));
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    const members = await Promise.all(Object.entries(value).map(async ([name, item]) => [name, await encode(item)] as const));
    return Object.fromEntries(members);
  }
  return value;
}
