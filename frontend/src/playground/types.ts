/** What the server tells the playground. Results come from outside: they are checked by use, hence Json. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = any;
export type Words = Record<string, string>;

export interface Spec {
  kind: string; label?: string; description?: string; optional?: boolean; media_types?: string[]; max_bytes?: number; max_chars?: number;
  choices?: (string | number)[]; default?: unknown; minimum?: number; maximum?: number; max_items?: number; max_points?: number; max_rows?: number;
}
export interface Example { input: Record<string, unknown>; parameters: Record<string, unknown>; output: Json }
export interface Config {
  model: string; output: string; example: Example | null; t: Words; names: Words; inputs: Record<string, Spec>; parameters: Record<string, Spec>;
  price: { amount: string; currency: string; unit: string }; unitPrice: string; pool: string; signedIn: boolean; subscribed: boolean;
  csrfCookie: string; origin: string; key: string; coldMs: number | null;
}
/** A value as code examples write it: a medium is the name of a file. */
export interface FileName { file: string }
export interface Control {
  element: HTMLElement;
  read(): unknown | Promise<unknown>;
  short(): unknown;
  /** Addresses of pictures or sounds that a result is drawn over. */
  preview?(): string[];
  /** Units of work that this input will cost, where that can be counted here. */
  units?(unit: string): number | undefined;
}
export interface Context { image?: string; images?: string[]; audio?: string; t: Words }
