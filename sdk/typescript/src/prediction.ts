/** A prediction as its caller sees it: state, output, exact cost, and waiting for its end. */

import type * as t from "./_generated/types.js";
import { PredictionFailed, WaitTimeout } from "./errors.js";
import { quote, sleep, type Event, type Options, type Transport } from "./transport.js";

const ENDED = new Set(["succeeded", "failed", "canceled"]);

/** How `wait` waits. */
export interface WaitOptions {
  /** Told of each change of status, progress or stage. */
  onProgress?: (now: Prediction) => void;
  /** In milliseconds; without it as long as it takes. */
  timeout?: number;
  signal?: AbortSignal;
}

/** What the API says of it; members that are newer than this package are there too. */
export interface Prediction<Output = any> extends Omit<t.Prediction, "output"> {
  output: Output;
}

/** One call of a model. */
export class Prediction<Output = any> {
  readonly #transport: Transport;

  constructor(data: t.Prediction, transport: Transport) {
    this.#transport = transport;
    Object.assign(this, data);
  }

  /** Whether it has ended, well or not. */
  get done(): boolean {
    return ENDED.has(this.status);
  }

  /** Its state now. */
  async refresh(options: Options = {}): Promise<this> {
    return Object.assign(this, await this.#transport.send<object>({ method: "GET", path: this.#path, options }));
  }

  /** Asks for its end; one that has ended already is refused as invalid_state. */
  async cancel(options: Options = {}): Promise<this> {
    return Object.assign(this, await this.#transport.send<object>({ method: "POST", path: `${this.#path}/cancel`, options }));
  }

  /** Its steps as they come, and at the end the prediction itself. */
  events(options: Options = {}): AsyncGenerator<Event> {
    return this.#transport.events({ method: "GET", path: `${this.#path}/events`, options });
  }

  /** Returns when it has succeeded. Throws PredictionFailed and WaitTimeout. */
  async wait({ onProgress, timeout, signal }: WaitOptions = {}): Promise<this> {
    const end = timeout === undefined ? Infinity : performance.now() + timeout;
    const options: Options = signal ? { signal } : {};
    for (let pause = 100, told = ""; ; pause = Math.min(pause * 1.5, 2000)) {
      const state = JSON.stringify([this.status, this.progress, this.stage]);
      if (state !== told) {
        told = state;
        onProgress?.(this);
      }
      if (this.done) break;
      const left = end - performance.now();
      if (left <= 0) throw new WaitTimeout(`${this.id} is still running`);
      await sleep(Math.min(pause, left), signal);
      await this.refresh(options);
    }
    if (this.status !== "succeeded") throw new PredictionFailed(this);
    return this;
  }

  get #path(): string {
    return `/api/v1/predictions/${quote(this.id)}`;
  }
}
