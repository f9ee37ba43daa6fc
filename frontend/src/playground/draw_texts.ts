/** Results in words and figures: scores, marked text, rankings, vectors, facts, reports, tables. */
import { h, s } from "../dom";
import { bar, facts, meter, nothing, number, table, words } from "./parts";
import type { Context, Json } from "./types";

const padded = (...children: (Node | null)[]): HTMLElement => h("div", { class: "p-4 grid gap-4 grid-cols-[minmax(0,1fr)]" }, ...children);
const rest = (o: Json, ...known: string[]): Json => Object.fromEntries(Object.entries(o).filter(([k]) => !known.includes(k)));

/** The text with its spans marked, a colour for each label. Positions count characters, not UTF-16 units. */
function spans(o: Json, c: Context): HTMLElement {
  const box = h("p", { class: "text-[15px] leading-8 whitespace-pre-wrap break-words" }), characters = [...(o.text as string)];
  const labels: string[] = [...new Set<string>(o.spans.map((one: Json) => one.label))];
  let at = 0;
  for (const span of [...o.spans].sort((a: Json, b: Json) => a.start - b.start)) {
    if (span.start < at) continue;
    box.append(characters.slice(at, span.start).join(""), h("mark", { class: `mark m${(labels.indexOf(span.label) % 5) + 1}` }, characters.slice(span.start, span.end).join(""), h("small", {}, words(span.label))));
    at = span.end;
  }
  box.append(characters.slice(at).join(""));
  return h("div", {}, padded(box, o.spans.length ? null : nothing(c.t)), o.redacted ? h("pre", { class: "code whitespace-pre-wrap! border-t border-line", tabindex: 0 }, o.redacted) : null);
}
/** The vectors' similarities as shades, and the texts on the plane of their two main directions. */
function embedding(o: Json, c: Context): HTMLElement {
  const rows: number[][] = o.embeddings, dot = (a: number[], b: number[]): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
  const unit = rows.map((v) => { const size = Math.sqrt(dot(v, v)) || 1; return v.map((x) => x / size); });
  const grid = h("table", { class: "table" }, h("thead", {}, h("tr", {}, h("td", {}), ...unit.map((_, j) => h("th", { scope: "col", class: "r" }, j + 1)))), h("tbody", {}, ...unit.slice(0, 20).map((a, i) => h("tr", {}, h("th", { scope: "row" }, i + 1), ...unit.slice(0, 20).map((b) => {
    const near = dot(a, b), cell = h("td", { class: "r" }, near.toFixed(3));
    cell.style.background = `color-mix(in oklab, var(--accent-soft) ${Math.max(0, near) * 100}%, transparent)`;
    return cell;
  })))));
  return padded(h("p", { class: "text-[13px] text-ink-3 num" }, `${rows.length} × ${o.dimensions} · ${c.t.similarity}`), h("div", { class: "scroll", tabindex: 0, role: "group" }, grid), rows.length > 2 ? plane(unit, c) : null);
}
function plane(unit: number[][], c: Context): SVGElement {
  const mean = unit[0]!.map((_, k) => unit.reduce((sum, v) => sum + v[k]!, 0) / unit.length), centred = unit.map((v) => v.map((x, k) => x - mean[k]!));
  const axes: number[][] = [];
  for (let axis = 0; axis < 2; axis++) { // power iteration, each axis free of the ones before
    let way = centred[0]!.map((_, k) => Math.sin(k + 1 + axis));
    for (let round = 0; round < 40; round++) {
      const next = way.map(() => 0);
      for (const v of centred) { const share = v.reduce((sum, x, k) => sum + x * way[k]!, 0); v.forEach((x, k) => { next[k]! += share * x; }); }
      for (const known of axes) { const share = next.reduce((sum, x, k) => sum + x * known[k]!, 0); known.forEach((x, k) => { next[k]! -= share * x; }); }
      const size = Math.sqrt(next.reduce((sum, x) => sum + x * x, 0)) || 1;
      way = next.map((x) => x / size);
    }
    axes.push(way);
  }
  const at = centred.map((v) => axes.map((way) => v.reduce((sum, x, k) => sum + x * way[k]!, 0))), most = Math.max(...at.flat().map(Math.abs), 1e-9);
  return s("svg", { class: "chart", viewBox: "0 0 640 240", role: "img", "aria-label": c.t.map ?? "" }, s("line", { class: "grid", x1: 0, x2: 640, y1: 120, y2: 120 }), s("line", { class: "grid", x1: 320, x2: 320, y1: 0, y2: 240 }),
    ...at.flatMap(([x, y], i) => [s("circle", { class: "wave", cx: 320 + (x! / most) * 290, cy: 120 - (y! / most) * 100, r: 5 }), s("text", { x: 330 + (x! / most) * 290, y: 124 - (y! / most) * 100 }, i + 1)]));
}
function report(o: Json, c: Context): HTMLElement {
  const rows = o.checks.map((x: Json) => h("li", { class: "flex items-start gap-3 px-4 py-2.5 border-t border-line" },
    h("span", { class: `tag ${x.passed === true ? "tag-ok" : x.passed === false ? "tag-bad" : ""}` }, x.passed === true ? c.t.passed : x.passed === false ? c.t.not_passed : "–"),
    h("div", { class: "min-w-0" }, h("p", { class: "font-medium" }, words(x.name)), h("p", { class: "text-[13px] text-ink-3 break-words" }, x.detail)), h("span", { class: "num ms-auto ps-3 break-all text-end" }, number(x.value))));
  return h("div", {}, h("div", { class: "p-4 flex items-baseline gap-4 flex-wrap" }, h("p", { class: "text-[20px] leading-7 font-semibold" }, words(o.verdict)), o.score === null || o.score === undefined ? null : h("p", { class: "num text-ink-2 ms-auto" }, `${c.t.score} ${number(o.score)}`)), h("ul", {}, ...rows), facts(rest(o, "verdict", "score", "checks")));
}
function rowScores(o: Json, c: Context): HTMLElement {
  const scores = o.rows.map((r: Json) => r.score).filter((v: unknown) => typeof v === "number"), low = Math.min(0, ...scores), high = Math.max(1, ...scores);
  return h("div", {}, h("ol", { class: "p-2 max-h-[480px] overflow-y-auto", tabindex: 0 }, ...o.rows.slice(0, 500).map((r: Json) => h("li", { class: "linked" }, h("span", { class: "num text-ink-3 w-14" }, `${c.t.row} ${r.index + 1}`), r.score === null ? null : meter((r.score - low) / (high - low)), h("span", { class: "num font-medium w-14" }, r.score === null ? "—" : number(r.score)),
    r.label === undefined ? null : h("span", { class: `tag ${/anomal|outlier|fraud|high/i.test(r.label) ? "tag-bad" : "tag-accent"}` }, words(String(r.label))), h("span", { class: "flex flex-wrap gap-1 min-w-0" }, ...(r.reasons ?? []).filter((x: Json) => x.contribution).slice(0, 2).map((x: Json) => h("span", { class: "tag num" }, `${x.field} ${x.contribution > 0 ? "+" : ""}${number(x.contribution)}`)))))), facts(rest(o, "rows")));
}
function tabled(o: Json): HTMLElement {
  return h("div", {}, table(o.rows, o.columns), facts(o.summary));
}
export const TEXTS: Record<string, (o: Json, c: Context) => HTMLElement> = {
  label_scores: (o) => h("div", {}, padded(...o.labels.slice(0, 12).map((l: Json, i: number) => bar(words(l.label), l.score, i === 0))), facts(rest(o, "labels"))),
  spans,
  tokens: (o) => {
    const tags: string[] = [...new Set<string>(o.tokens.map((k: Json) => k.tag))];
    return padded(h("p", { class: "leading-9" }, ...o.tokens.flatMap((k: Json) => [h("span", { class: `mark m${(tags.indexOf(k.tag) % 5) + 1}` }, k.text, k.tag ? h("small", {}, k.tag) : null), " "])));
  },
  ranked: (o, c) => {
    const top = Math.max(...o.results.map((r: Json) => Math.abs(r.score)), 1e-9);
    return h("div", {}, o.results.length ? h("ol", { class: "p-4 grid gap-3" }, ...o.results.slice(0, 50).map((r: Json, i: number) => h("li", { class: "flex gap-3 items-start" }, h("span", { class: "num text-ink-3 w-6" }, i + 1), h("div", { class: "min-w-0 flex-1" }, h("p", { class: `break-words ${i ? "" : "font-medium"}` }, r.text ?? String(r.index)), h("div", { class: "mt-1.5" }, meter(Math.abs(r.score) / top))), h("span", { class: "num text-ink-3" }, number(r.score))))) : nothing(c.t), facts(rest(o, "results")));
  },
  embedding,
  key_values: (o, c) => h("div", {}, h("dl", { class: "divide-y divide-line" }, ...o.values.map((v: Json) => h("div", { class: "px-4 py-2.5 grid grid-cols-[minmax(0,2fr)_minmax(0,3fr)] gap-4" }, h("dt", { class: "text-ink-2" }, words(v.name), v.note ? h("p", { class: "text-[13px] text-ink-3" }, v.note) : null), h("dd", { class: "num font-medium break-words" }, v.value === true ? c.t.yes : v.value === false ? c.t.no : number(v.value), v.unit ? h("span", { class: "text-ink-3 font-normal" }, ` ${v.unit}`) : null)))), facts(rest(o, "values"))),
  report,
  row_scores: rowScores,
  table: tabled,
};
