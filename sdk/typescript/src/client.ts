/** The client. Generated resources are its members; what people call most is written here. */

import { BatchesResource, ModelsResource, Resources } from "./_generated/resources.js";
import type * as t from "./_generated/types.js";
import { WaitTimeout } from "./errors.js";
import { Files } from "./files.js";
import { encode, type Bytes } from "./media.js";
import { Prediction } from "./prediction.js";
import { infer, type Tensor } from "./tensors.js";
import { quote, sleep, Transport, type ClientOptions, type Options } from "./transport.js";

const WAIT_S = 60; // how long the server holds a call open before it answers with a job
const BATCH_ENDED = new Set(["completed", "failed", "canceled", "expired"]);

/** What may be said about a call beside its input. */
export interface PredictOptions extends Options {
  parameters?: Record<string, unknown>;
  /** A number, or an alias such as `stable`. */
  version?: number | string;
  metadata?: Record<string, unknown>;
  /** Told when a job ends; with `submit` only. */
  webhook?: string;
  /** Refuses the call when it would cost more, as "0.05". */
  maxCost?: string;
}

/** Several analyses of one image. */
export interface ImageAnalysis extends Omit<t.ImageAnalysis, "results" | "detected_objects"> {
  results: Record<string, { model: string; output: any; warnings: string[]; usage: t.PredictionUsage | null; error: t.Problem | null }>;
  detected_objects: { label: string; score: number; x: number; y: number; width: number; height: number }[];
}

/** A handle on one model. */
export class Model {
  readonly #transport: Transport;

  constructor(transport: Transport, readonly name: string) {
    this.#transport = transport;
  }

  /** Runs the model and returns the finished prediction; bytes and blobs in the input are sent as media. */
  async predict<Output = any>(input: Record<string, unknown>, options: PredictOptions = {}): Promise<Prediction<Output>> {
    const made = await this.#call<Output>(input, options, `wait=${WAIT_S}`);
    return made.wait(options.signal ? { signal: options.signal } : {});
  }

  /** Queues the call; `wait()` on what it returns. */
  submit<Output = any>(input: Record<string, unknown>, options: PredictOptions = {}): Promise<Prediction<Output>> {
    return this.#call<Output>(input, options, "respond-async");
  }

  /** Raw tensors in, raw tensors out, by name; binary on the wire. */
  infer(inputs: Record<string, Tensor>, options: Options = {}): Promise<Record<string, Required<Tensor>>> {
    return infer(this.#transport, this.name, inputs, options);
  }

  async #call<Output>(input: Record<string, unknown>, settings: PredictOptions, prefer: string): Promise<Prediction<Output>> {
    const { parameters, version, metadata, webhook, maxCost, ...options } = settings;
    const headers = { Prefer: prefer, ...(maxCost ? { "Max-Cost": maxCost } : {}), ...options.headers };
    const data = await this.#transport.send<t.Prediction>({
      method: "POST", path: `/api/v1/models/${quote(this.name)}/predictions`,
      body: { input: await encode(input), parameters, version, metadata, webhook },
      options: { timeout: (WAIT_S + 15) * 1000, ...options, headers },
    });
    return new Prediction<Output>(data, this.#transport);
  }
}

/** `client.models`: the generated operations, and `get`. */
export class Models extends ModelsResource {
  /** A handle on a model; makes no call. */
  get(name: string): Model {
    return new Model(this.transport, name);
  }
}

/** `client.batches`: the generated operations, and `wait`. */
export class Batches extends BatchesResource {
  /** Returns the batch when it has ended, however. Throws WaitTimeout. */
  async wait(batchId: string, { timeout = Infinity, onProgress, ...options }: Options & {
    onProgress?: (now: t.Batch) => void } = {}): Promise<t.Batch> {
    const end = performance.now() + timeout;
    for (let pause = 200; ; pause = Math.min(pause * 1.5, 5000)) {
      const now = await this.retrieve(batchId, options);
      onProgress?.(now);
      if (BATCH_ENDED.has(now.status ?? "")) return now;
      if (performance.now() + pause > end) throw new WaitTimeout(`${batchId} is still running`);
      await sleep(pause, options.signal);
    }
  }
}

/** `new AIClient()` takes TESSERA_API_KEY and TESSERA_BASE_URL. */
export class AIClient extends Resources {
  override readonly models = new Models(this.transport);
  override readonly files = new Files(this.transport);
  override readonly batches = new Batches(this.transport);

  constructor(options: ClientOptions = {}) {
    super(new Transport(options));
  }

  /** Several analyses of one image in one call; the platform fetches an http(s) address itself. */
  async analyzeImage(image: Bytes | string, types: string[], options: Options = {}): Promise<ImageAnalysis> {
    const source = typeof image === "string" && /^https?:/.test(image) ? { url: image } : { image: await encode(image) };
    return this.send({ method: "POST", path: "/api/v1/analyze-image", body: { ...source, types }, options });
  }

  /** The best labels of an image by the default classifier. */
  async classifyImage(image: Bytes | string, topK = 5, options: Options = {}): Promise<t.Classification> {
    return this.send({ method: "POST", path: "/api/v1/classify", body: { image_base64: await encode(image), top_k: topK }, options });
  }
}
