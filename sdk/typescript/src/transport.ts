/** One logical call with its attempts, all under one Idempotency-Key, so that a retry is never charged twice. */

import { APIError, ConfigurationError, ConnectionError, errorOf, type TesseraError } from "./errors.js";

export const VERSION = "1.0.0";
const DEFAULT_URL = "http://127.0.0.1:8000";
const MAX_BACKOFF_MS = 8000;
const MAX_ASKED_S = 60;
const STREAM_BREAKS = 5; // one after the other, without an event between them

/** What may be said about any call. */
export interface Options {
  /** Calls with the same key are one call, for a day. Without it each logical call has a fresh one. */
  idempotencyKey?: string;
  headers?: Record<string, string>;
  /** Ends the call. */
  signal?: AbortSignal;
  /** Of one attempt, in milliseconds. */
  timeout?: number;
}

/** Settings of a client. */
export interface ClientOptions {
  /** Else the environment variable TESSERA_API_KEY. */
  apiKey?: string;
  /** Else TESSERA_BASE_URL. */
  baseUrl?: string;
  /** 2 unless told. */
  maxRetries?: number;
  /** Of one attempt, in milliseconds; a minute unless told. */
  timeout?: number;
  /** Instead of the global one. */
  fetch?: typeof fetch;
}

/** A request before it is sent. */
export interface Call {
  method: string;
  path: string;
  query?: Record<string, unknown>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is. */
  content?: BodyInit;
  options?: Options;
}

/** One step of a prediction: status, progress, or at the end the prediction itself. */
export interface Event {
  id: string;
  kind: string;
  data: Record<string, unknown>;
}

/** One segment of a path. */
export const quote = (segment: string | number): string => encodeURIComponent(String(segment));

const environment = (name: string): string | undefined =>
  (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env[name];

export const sleep = (milliseconds: number, signal?: AbortSignal): Promise<void> => new Promise((resolve, reject) => {
  const stop = (): void => {
    clearTimeout(timer);
    reject(signal?.reason);
  };
  const timer = setTimeout(() => {
    signal?.removeEventListener("abort", stop);
    resolve();
  }, milliseconds);
  if (signal?.aborted) stop();
  else signal?.addEventListener("abort", stop, { once: true });
});

export class Transport {
  private readonly key: string;
  private readonly root: string;
  private readonly retries: number;
  private readonly timeout: number;
  private readonly fetch: typeof fetch;

  constructor(options: ClientOptions) {
    this.key = options.apiKey ?? environment("TESSERA_API_KEY") ?? "";
    if (!this.key) throw new ConfigurationError("no API key: pass apiKey, or set TESSERA_API_KEY");
    this.root = (options.baseUrl ?? environment("TESSERA_BASE_URL") ?? DEFAULT_URL).replace(/\/+$/, "");
    this.retries = options.maxRetries ?? 2;
    this.timeout = options.timeout ?? 60_000;
    this.fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  }

  /** The successful answer, its body unread. */
  async raw(call: Call): Promise<Response> {
    const headers = this.headers(call);
    for (let attempt = 0; ; attempt++) {
      let failure: TesseraError;
      try {
        const limit = AbortSignal.timeout(call.options?.timeout ?? this.timeout);
        const response = await this.fetch(this.root + call.path + queryOf(call.query), {
          method: call.method, headers, redirect: "manual",
          signal: call.options?.signal ? AbortSignal.any([limit, call.options.signal]) : limit,
          ...(call.body !== undefined ? { body: JSON.stringify(call.body) } : call.content !== undefined ? { body: call.content } : {}),
        });
        if (response.ok) return response;
        failure = errorOf(response.status, await response.text(), response.headers);
      } catch (error) {
        if (call.options?.signal?.aborted) throw error;
        failure = new ConnectionError(`the server could not be reached: ${String(error)}`, { cause: error });
      }
      const wait = attempt < this.retries ? pause(failure, attempt) : undefined;
      if (wait === undefined) throw failure;
      await sleep(wait, call.options?.signal);
    }
  }

  /** The JSON of an answer. */
  async send<T>(call: Call): Promise<T> {
    const body = await (await this.raw(call)).text();
    return (body ? JSON.parse(body) : undefined) as T;
  }

  /** The events of a stream to its final one; a connection that breaks is taken up where it was. */
  async *events(call: Call): AsyncGenerator<Event> {
    let last = "";
    for (let breaks = 0; breaks < STREAM_BREAKS; breaks++) {
      const following: Record<string, string> = last ? { "Last-Event-ID": last } : {};
      const headers = { Accept: "text/event-stream", ...following, ...call.options?.headers };
      const response = await this.raw({ ...call, options: { timeout: 600_000, ...call.options, headers } });
      try {
        for await (const event of parse(response.body)) {
          last = event.id || last;
          breaks = 0;
          yield event;
          if (event.kind === "prediction") return;
        }
      } catch (error) {
        if (call.options?.signal?.aborted || error instanceof APIError) throw error;
      }
      await sleep(1000, call.options?.signal);
    }
    throw new ConnectionError("the stream ended without a word");
  }

  private headers(call: Call): Headers {
    const headers = new Headers({
      Accept: "application/json", Authorization: `Bearer ${this.key}`, "User-Agent": `tessera-typescript/${VERSION}`,
    });
    if (call.body !== undefined) headers.set("Content-Type", "application/json");
    if (call.method === "POST") headers.set("Idempotency-Key", call.options?.idempotencyKey ?? crypto.randomUUID());
    for (const [name, value] of Object.entries(call.options?.headers ?? {})) headers.set(name, value);
    return headers;
  }
}

function queryOf(query: Record<string, unknown> = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  return given.length ? "?" + new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString() : "";
}

/** Milliseconds before the next attempt; undefined: there is none. */
function pause(failure: TesseraError, attempt: number): number | undefined {
  if (failure instanceof APIError) {
    if (!failure.retryable) return undefined;
    const asked = failure.headers.get("retry-after") ?? "";
    if (/^\d+$/.test(asked)) return Number(asked) <= MAX_ASKED_S ? Number(asked) * 1000 : undefined;
  }
  return Math.min(MAX_BACKOFF_MS, 500 * 2 ** attempt) * (0.5 + Math.random() / 2);
}

/** Server-sent events of a stream. */
async function* parse(stream: ReadableStream<Uint8Array> | null): AsyncGenerator<Event> {
  if (!stream) return;
  const decoder = new TextDecoder();
  let rest = "", id = "", kind = "", data: string[] = [];
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const [, name = "", value = ""] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
      if (line === "") {
        if (data.length) yield { id, kind: kind || "message", data: JSON.parse(data.join("\n")) as Record<string, unknown> };
        kind = "";
        data = [];
      } else if (name === "data") data.push(value);
      else if (name === "event") kind = value;
      else if (name === "id") id = value;
    }
  }
}

/** A list that fetches its further pages while it is read: `for await (const item of page)`. */
export class Page<T> implements AsyncIterable<T> {
  constructor(private readonly transport: Transport, private readonly call: Call,
    private readonly make: (data: unknown) => T = (data) => data as T) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    let cursor: string | undefined;
    do {
      const page: { data: unknown[]; has_more: boolean; next_cursor?: string | null } = await this.transport.send({
        ...this.call, query: { ...this.call.query, cursor } });
      for (const item of page.data) yield this.make(item);
      cursor = page.has_more ? (page.next_cursor ?? undefined) : undefined;
    } while (cursor);
  }

  /** The first so many entries, or all. */
  async toArray(limit = Infinity): Promise<T[]> {
    const found: T[] = [];
    if (limit > 0) {
      for await (const item of this) {
        found.push(item);
        if (found.length >= limit) break;
      }
    }
    return found;
  }
}

/** A group of operations. */
export class Resource {
  constructor(protected readonly transport: Transport) {}

  protected send<T>(call: Call): Promise<T> {
    return this.transport.send<T>(call);
  }

  protected pages<T>(call: Call, make?: (data: unknown) => T): Page<T> {
    return new Page<T>(this.transport, call, make);
  }
}
