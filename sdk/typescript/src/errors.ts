/** What can go wrong, by type. Every answer that is not a success throws. */

import type { Prediction } from "./prediction.js";

/** The base of everything that this package throws on purpose. */
export class TesseraError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The client lacks something that it needs. */
export class ConfigurationError extends TesseraError {}

/** The server could not be reached, or broke off. */
export class ConnectionError extends TesseraError {}

/** Waiting was given up; the prediction goes on. */
export class WaitTimeout extends TesseraError {}

/** A webhook that was not signed by the platform, or is too old. */
export class InvalidSignature extends TesseraError {}

/** One fault in a body: a JSON pointer to it, and what is wrong. */
export interface FieldError {
  pointer: string;
  detail: string;
  code: string;
}

const PASSING = new Set([408, 429, 500, 502, 503, 504]);
type Document = Record<string, unknown>;
const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** A problem document (RFC 9457), or an error of the tensor protocol. */
export class APIError extends TesseraError {
  readonly code: string;
  readonly detail: string;
  readonly errors: FieldError[];
  readonly requestId: string;
  readonly retryable: boolean;

  constructor(readonly status: number, readonly document: Document, readonly headers: Headers) {
    const errors = Array.isArray(document["errors"]) ? (document["errors"] as FieldError[]) : [];
    const detail = text(document["detail"]) || text(document["error"]) || `HTTP ${status}`;
    const requestId = text(document["request_id"]) || headers.get("x-request-id") || "unknown";
    const faults = errors.map((fault) => `\n  ${fault.pointer}: ${fault.detail}`).join("");
    super(`${status} ${text(document["code"])}: ${detail}${faults} (request ${requestId})`);
    this.code = text(document["code"]);
    this.detail = detail;
    this.errors = errors;
    this.requestId = requestId;
    this.retryable = typeof document["retryable"] === "boolean" ? document["retryable"] : PASSING.has(status);
  }
}

export class BadRequest extends APIError {}
export class AuthenticationError extends APIError {}
export class PaymentRequired extends APIError {}
export class PermissionDenied extends APIError {}
export class NotFound extends APIError {}
export class Conflict extends APIError {}
export class PayloadTooLarge extends APIError {}
export class ValidationFailed extends APIError {}
export class RateLimited extends APIError {}
export class ServerError extends APIError {}

const BY_STATUS: Record<number, typeof APIError> = {
  400: BadRequest, 401: AuthenticationError, 402: PaymentRequired, 403: PermissionDenied, 404: NotFound, 409: Conflict,
  413: PayloadTooLarge, 422: ValidationFailed, 429: RateLimited,
};

/** The error of an answer. */
export function errorOf(status: number, body: string, headers: Headers): APIError {
  let document: Document = {};
  try {
    const read: unknown = JSON.parse(body);
    if (typeof read === "object" && read !== null && !Array.isArray(read)) document = read as Document;
  } catch {
    document = { detail: body.slice(0, 500) };
  }
  const kind = BY_STATUS[status] ?? (status >= 500 ? ServerError : APIError);
  return new kind(status, document, headers);
}

/** A prediction that ended as failed or canceled. */
export class PredictionFailed extends TesseraError {
  constructor(readonly prediction: Prediction) {
    super(`${prediction.id} ${prediction.status}: ${prediction.error?.code ?? ""} ${prediction.error?.detail ?? ""}`);
  }
}
