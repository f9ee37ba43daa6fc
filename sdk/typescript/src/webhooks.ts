/** Webhooks, verified as Standard Webhooks say before anything of them is believed. */

import { InvalidSignature } from "./errors.js";
import { base64 } from "./media.js";

/** The event of a message. */
export interface WebhookEvent {
  type: string;
  timestamp: string;
  data: Record<string, unknown>;
}

/** The event, if its signature is right and it is not older than the tolerance (seconds). Throws InvalidSignature. */
export async function verify(body: Uint8Array | string, headers: Headers | Record<string, string | string[] | undefined>,
  secret: string, tolerance = 300): Promise<WebhookEvent> {
  const given = headers instanceof Headers ? headers : lower(headers);
  const id = given.get("webhook-id") ?? "", stamp = given.get("webhook-timestamp") ?? "";
  if (!id || !/^\d{1,12}$/.test(stamp)) throw new InvalidSignature("webhook-id or webhook-timestamp is missing");
  if (Math.abs(Date.now() / 1000 - Number(stamp)) > tolerance) throw new InvalidSignature("the message is too old or from the future");
  const content = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const before = new TextEncoder().encode(`${id}.${stamp}.`);
  const signed = new Uint8Array(before.length + content.length);
  signed.set(before);
  signed.set(content, before.length);
  const wanted = "v1," + base64(new Uint8Array(await crypto.subtle.sign("HMAC", await keyOf(secret), signed)));
  if (!(given.get("webhook-signature") ?? "").split(" ").some((one) => equal(one, wanted))) throw new InvalidSignature("no signature fits");
  return JSON.parse(new TextDecoder().decode(content)) as WebhookEvent;
}

function lower(headers: Record<string, string | string[] | undefined>): Headers {
  const found = new Headers();
  for (const [name, value] of Object.entries(headers)) if (typeof value === "string") found.set(name, value);
  return found;
}

async function keyOf(secret: string): Promise<CryptoKey> {
  let raw: Uint8Array<ArrayBuffer>;
  try {
    raw = Uint8Array.from(atob(secret.replace(/^whsec_/, "")), (character) => character.charCodeAt(0));
  } catch {
    throw new InvalidSignature("the secret is not a whsec_… secret");
  }
  return crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}

/** In a time that does not tell where they differ. */
function equal(a: string, b: string): boolean {
  let different = a.length ^ b.length;
  for (let index = 0; index < b.length; index++) different |= a.charCodeAt(index) ^ b.charCodeAt(index);
  return different === 0;
}
