/** The TypeScript client of the Tessera AI capability marketplace. */

export * from "./client.js";
export * as errors from "./errors.js";
export type { PartsOptions, UploadOptions } from "./files.js";
export type { Bytes } from "./media.js";
export { Prediction, type WaitOptions } from "./prediction.js";
export type { Tensor } from "./tensors.js";
export { Page, VERSION, type ClientOptions, type Event, type Options } from "./transport.js";
export type * as types from "./_generated/types.js";
export * as webhooks from "./webhooks.js";
