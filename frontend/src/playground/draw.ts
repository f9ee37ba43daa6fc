/** Draws a result by the name of its output schema; what has no drawing is shown as a JSON tree. */
import { h } from "../dom";
import { IMAGES } from "./draw_images";
import { SERIES } from "./draw_series";
import { TEXTS } from "./draw_texts";
import type { Context, Json } from "./types";

const DRAW: Record<string, (output: Json, context: Context) => HTMLElement> = { ...IMAGES, ...SERIES, ...TEXTS };
const PLANS = ["routes", "plan", "graph"];

export function tree(value: Json, key = "", depth = 0): HTMLElement {
  const name = key === "" ? null : h("span", { class: "k" }, `${key}: `);
  if (value === null || typeof value !== "object") {
    const text = typeof value === "string" ? JSON.stringify(value.length > 300 ? `${value.slice(0, 300)}…` : value) : String(value);
    return h("div", {}, name, h("span", { class: typeof value === "string" ? "s" : "v" }, text));
  }
  const entries = Object.entries(value);
  const box = h("details", { open: depth < 2 && entries.length < 30 }, h("summary", {}, name, Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`));
  for (const [k, v] of entries.slice(0, 500)) box.append(tree(v, k, depth + 1));
  return box;
}
const asTree = (output: Json): HTMLElement => h("div", { class: "tree p-4", tabindex: 0, role: "group", "aria-label": "JSON" }, tree(output));

/** Plans are drawn by a script of their own, which few models need. */
function later(kind: string, output: Json, context: Context): HTMLElement {
  const box = h("div", { class: "min-h-96" });
  import("./draw_plans").then(({ PLANS: drawn }) => box.replaceChildren(drawn[kind]!(output, context))).catch(() => box.replaceChildren(asTree(output)));
  return box;
}
export function draw(kind: string, output: Json, context: Context): HTMLElement {
  if (PLANS.includes(kind)) return later(kind, output, context);
  try { return DRAW[kind]?.(output, context) ?? asTree(output); } catch { return asTree(output); } // a result that its schema did not foresee
}
