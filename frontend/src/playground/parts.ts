/** Pieces that several drawings share: bars, tables, facts, colours. */
import { h } from "../dom";
import type { Json } from "./types";

// Bright enough to stand on any photograph; the label on them is dark.
const COLOURS = ["#5eead4", "#fcd34d", "#fda4af", "#93c5fd", "#d8b4fe", "#bef264", "#fdba74", "#67e8f9"];
export const colour = (i: number): string => COLOURS[i % COLOURS.length]!;
export const number = (v: unknown): string => {
  if (typeof v !== "number") return v === null || v === undefined ? "" : typeof v === "object" ? JSON.stringify(v) : String(v);
  return Number.isInteger(v) ? v.toLocaleString("en") : Number(v.toPrecision(5)).toLocaleString("en", { maximumFractionDigits: 8 });
};
/** What the server says about a model's words and pictures: names in the page's language, the sizes of stored pictures. */
const NAMES: Record<string, string> = {}, SIZES = new Map<string, [number, number]>();
export function learn(names: Record<string, string>, example: Json): void {
  Object.assign(NAMES, names);
  if (example === null || typeof example !== "object") return;
  if (example.$url && example.width) SIZES.set(example.$url, [example.width, example.height]);
  else for (const inner of Object.values(example)) learn({}, inner);
}
export const words = (name: string): string => { const text = name.replaceAll("_", " "); return NAMES[name] ?? text.charAt(0).toUpperCase() + text.slice(1); };
/** A picture that takes its room before it has come, where its size is known: nothing moves. */
export function picture(src: string, alt = ""): HTMLImageElement {
  const [width, height] = SIZES.get(src) ?? [];
  return h("img", { src, alt, width, height });
}
/** Who first, then from when to when, then how much: the store keeps no order of its own. */
const FIRST = ["index", "id", "rank", "name", "vehicle", "step", "time", "date", "frame", "label", "text", "stops", "resource", "start", "end", "value", "mean", "lower", "upper"];
const place = (column: string): number => { const at = FIRST.indexOf(column); return at < 0 ? FIRST.length : at; };

export function meter(share: number): HTMLElement {
  const fill = h("i");
  fill.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return h("div", { class: "meter" }, fill);
}
export const bar = (label: string, score: number, first = true): HTMLElement => {
  const filled = meter(score);
  if (!first) filled.classList.add("opacity-45");
  return h("div", {}, h("div", { class: "flex justify-between gap-3 mb-1" }, h("span", { class: `${first ? "font-medium" : "text-ink-2"} break-words min-w-0` }, label), h("span", { class: "num text-ink-3" }, score.toFixed(2))), filled);
};
export function table(rows: Json[], columns: string[] = [...new Set(rows.flatMap((row) => Object.keys(row)))].sort((a, b) => place(a) - place(b))): HTMLElement {
  const numeric = columns.map((c) => rows.some((row) => typeof row[c] === "number"));
  return h("div", { class: "scroll max-h-96 overflow-y-auto", tabindex: 0, role: "group" }, h("table", { class: "table" },
    h("thead", {}, h("tr", {}, ...columns.map((c, i) => h("th", { scope: "col", class: numeric[i] ? "r" : "" }, words(c))))),
    h("tbody", {}, ...rows.slice(0, 500).map((row) => h("tr", {}, ...columns.map((c, i) => h("td", { class: numeric[i] ? "r" : "" }, number(row[c]))))))));
}
export const facts = (values: Json): HTMLElement | null => {
  const pairs = Object.entries(values ?? {}).filter(([, v]) => v !== null && typeof v !== "object");
  return pairs.length ? h("dl", { class: "flex flex-wrap gap-x-6 gap-y-2 p-4 border-t border-line" }, ...pairs.map(([k, v]) => h("div", {}, h("dt", { class: "text-[13px] text-ink-3" }, words(k)), h("dd", { class: "num font-medium" }, number(v))))) : null;
};
/** The address of a medium. A stored example without it shows the figures, never the input in its place. */
export function media(value: Json): string {
  const address: unknown = typeof value === "string" ? value : value?.$url;
  if (typeof address !== "string" || !/^(data:|\/|blob:)/.test(address)) throw new Error("no medium");
  return address;
}
export const nothing = (t: Record<string, string>): HTMLElement => h("p", { class: "p-4 text-ink-3" }, t.nothing ?? "");
