/** Draws a result by the name of its output schema; what has no drawing is shown as a JSON tree. */
import { h, s } from "../dom";
import { frame, line } from "./chart";

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- results come from outside and are checked by use
type Json = any;
export interface Context { image?: string; images?: string[]; t: Record<string, string> }
const COLOURS = ["#0fb5a0", "#e0a21b", "#e0606e", "#5b86e5", "#a875e8", "#57a639", "#d9772b", "#2b9fd9"];
const colour = (i: number): string => COLOURS[i % COLOURS.length]!;
const number = (v: unknown): string => typeof v === "number" ? (Number.isInteger(v) ? String(v) : Number(v.toPrecision(4)).toString()) : String(v);
const percent = (v: number): string => v.toFixed(2);

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
function bar(label: string, score: number): HTMLElement {
  const fill = h("i");
  fill.style.width = `${Math.max(0, Math.min(1, score)) * 100}%`;
  return h("div", { class: "mb-3" }, h("div", { class: "flex justify-between gap-3 mb-1" }, h("span", { class: "font-medium break-words min-w-0" }, label), h("span", { class: "num" }, percent(score))), h("div", { class: "meter" }, fill));
}
/** Shapes over the picture and rows in a list, each lighting its partner up. */
function overlay(output: Json, context: Context, items: { shape: SVGElement[]; label: string; score?: number }[]): HTMLElement {
  const svg = s("svg", { viewBox: `0 0 ${output.width} ${output.height}`, "aria-hidden": "true" });
  const list = h("div", { class: "p-2" });
  items.forEach((item, i) => {
    const group = s("g", {}, ...item.shape), row = h("button", { type: "button", class: "linked" }, h("span", { class: "swatch" }), h("span", { class: "min-w-0 break-words" }, item.label), h("span", { class: "num ml-auto" }, item.score === undefined ? "" : percent(item.score)));
    group.style.color = colour(i); (row.firstElementChild as HTMLElement).style.color = colour(i);
    const light = (on: boolean) => (): void => { group.classList.toggle("on", on); row.classList.toggle("on", on); };
    for (const el of [group, row]) { el.addEventListener("pointerenter", light(true)); el.addEventListener("pointerleave", light(false)); el.addEventListener("focus", light(true)); el.addEventListener("blur", light(false)); }
    svg.append(group); list.append(row);
  });
  const stage = h("div", { class: "stage" });
  if (context.image) stage.append(h("img", { src: context.image, alt: context.t.input ?? "" }));
  else stage.style.aspectRatio = `${output.width} / ${output.height}`;
  stage.append(svg);
  return h("div", {}, stage, items.length ? list : h("p", { class: "p-4" }, context.t.nothing ?? ""));
}
const polygon = (points: number[][]): SVGElement => s("polygon", { class: "shape", stroke: "currentColor", points: points.map((p) => p.join(",")).join(" ") });
const rectangle = (b: Json): SVGElement => s("rect", { class: "shape", stroke: "currentColor", x: b.x, y: b.y, width: b.width, height: b.height, rx: 2 });
const dot = (p: Json, r: number): SVGElement => s("circle", { cx: p.x, cy: p.y, r, fill: "currentColor" });
const dots = (o: Json): number => Math.max(o.width, o.height) / 220;
function table(rows: Json[]): HTMLElement {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return h("div", { class: "scroll", tabindex: 0 }, h("table", { class: "table" }, h("thead", {}, h("tr", {}, ...columns.map((c) => h("th", {}, c)))),
    h("tbody", {}, ...rows.slice(0, 500).map((row) => h("tr", {}, ...columns.map((c) => h("td", { class: "num" }, row[c] === null || row[c] === undefined ? "" : typeof row[c] === "object" ? JSON.stringify(row[c]) : number(row[c]))))))));
}
function marked(text: string, spans: Json[]): HTMLElement {
  const box = h("p", { class: "text-[15px] leading-8 whitespace-pre-wrap break-words" });
  let at = 0;
  const characters = [...text];
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    if (span.start < at) continue;
    box.append(characters.slice(at, span.start).join(""), h("mark", { class: "mark" }, characters.slice(span.start, span.end).join(""), h("small", {}, span.label)));
    at = span.end;
  }
  box.append(characters.slice(at).join(""));
  return box;
}
/** The address of a medium. A stored example that keeps only figures has none: then the tree is shown, never the input. */
function media(value: Json): string {
  const address = typeof value === "string" ? value : value?.$url;
  if (!/^(data:|\/|blob:)/.test(address ?? "")) throw new Error("no medium");
  return address;
}

const DRAW: Record<string, (o: Json, c: Context) => HTMLElement> = {
  label_scores: (o) => h("div", {}, ...o.labels.slice(0, 12).map((l: Json) => bar(l.label, l.score))),
  boxes: (o, c) => overlay(o, c, o.boxes.map((b: Json) => ({ label: b.label ?? "", score: b.score, shape: [rectangle(b), ...(b.keypoints ?? []).map((p: Json) => dot(p, dots(o)))] }))),
  keypoints: (o, c) => overlay(o, c, o.instances.map((n: Json, i: number) => ({ label: `${i + 1} · ${n.points.length}`, score: n.score, shape: [
    ...(o.skeleton ?? []).filter(([a, b]: number[]) => n.points[a!] && n.points[b!]).map(([a, b]: number[]) => s("line", { class: "shape", stroke: "currentColor", x1: n.points[a!].x, y1: n.points[a!].y, x2: n.points[b!].x, y2: n.points[b!].y })),
    ...n.points.map((p: Json) => dot(p, dots(o)))] }))),
  ocr: (o, c) => h("div", {}, overlay(o, c, o.lines.map((l: Json) => ({ label: l.text, score: l.score, shape: [polygon(l.polygon)] }))), h("pre", { class: "code whitespace-pre-wrap" }, o.text)),
  codes: (o, c) => overlay(o, c, o.codes.map((l: Json) => ({ label: `${l.format}: ${l.text}`, shape: [polygon(l.polygon)] }))),
  mask: (o, c) => {
    const stage = h("div", { class: "stage" }), picture = h("img", { src: media(o.mask), alt: c.t.mask ?? "" });
    if (c.image) { picture.style.cssText = "position:absolute;inset:0;height:100%;mix-blend-mode:screen;opacity:.6"; stage.append(h("img", { src: c.image, alt: c.t.input ?? "" })); }
    stage.append(picture);
    return h("div", {}, stage, h("p", { class: "p-3 num" }, `${c.t.coverage}: ${(o.coverage * 100).toFixed(1)} %`));
  },
  image: (o, c) => {
    const after = h("img", { src: media(o.image), alt: c.t.output ?? "" });
    const box = h("div", { class: c.image ? "stage ba" : "stage" });
    if (c.image) box.append(h("img", { src: c.image, alt: c.t.input ?? "" }));
    box.append(after);
    const slider = h("input", { type: "range", min: 0, max: 100, value: 50, class: "w-full mt-2", "aria-label": c.t.compare ?? "", input: (e) => after.style.setProperty("--cut", `${(e.target as HTMLInputElement).value}%`) });
    return h("div", {}, box, c.image ? slider : null, o.values ? table([o.values]) : null);
  },
  audio: (o) => h("div", {}, h("audio", { controls: true, src: media(o.audio), class: "w-full" }), h("p", { class: "mt-2 num" }, `${number(o.duration)} s`)),
  segments: (o, c) => {
    const svg = s("svg", { class: "chart", viewBox: "0 0 640 90", role: "img", "aria-label": c.t.output ?? "" }, s("line", { class: "grid", x1: 0, x2: 640, y1: 50, y2: 50 }));
    o.segments.forEach((g: Json) => svg.append(s("rect", { class: "wave", x: (g.start / o.duration) * 640, width: Math.max(2, ((g.end - g.start) / o.duration) * 640), y: 22, height: 40, rx: 3 })));
    svg.append(s("text", { x: 0, y: 84 }, "0 s"), s("text", { x: 640, y: 84, "text-anchor": "end" }, `${number(o.duration)} s`));
    return h("div", {}, svg, table(o.segments));
  },
  spans: (o) => h("div", {}, marked(o.text, o.spans), o.redacted ? h("pre", { class: "code whitespace-pre-wrap mt-4" }, o.redacted) : null),
  tokens: (o) => h("p", { class: "leading-9" }, ...o.tokens.flatMap((k: Json) => [h("span", { class: "mark" }, k.text, k.tag ? h("small", {}, k.tag) : null), " "])),
  ranked: (o) => h("ol", {}, ...o.results.map((r: Json) => h("li", {}, bar(r.text ?? String(r.index), r.score)))),
  embedding: (o, c) => {
    const rows: number[][] = o.embeddings, norm = (v: number[]) => Math.sqrt(v.reduce((a, b) => a + b * b, 0)) || 1;
    return h("div", {}, h("p", { class: "mb-3" }, `${rows.length} × ${o.dimensions} · ${c.t.similarity}`), table(rows.map((a, i) => Object.fromEntries([["", i + 1], ...rows.map((b, j) => [`#${j + 1}`, Number((a.reduce((sum, v, k) => sum + v * b[k]!, 0) / norm(a) / norm(b)).toFixed(3))])]))));
  },
  series_forecast: (o, c) => {
    const history: number[] = o.history, ahead: Json[] = o.forecast, all = [...history, ...ahead.flatMap((p) => [p.value, p.lower ?? p.value, p.upper ?? p.value])];
    const f = frame(history.length + ahead.length, all, c.t.output ?? ""), at = (i: number) => f.x(history.length + i).toFixed(1);
    const upper = ahead.map((p, i) => `${at(i)},${f.y(p.upper ?? p.value).toFixed(1)}`), lower = ahead.map((p, i) => `${at(i)},${f.y(p.lower ?? p.value).toFixed(1)}`).reverse();
    f.svg.append(s("polygon", { class: "band", points: [...upper, ...lower].join(" ") }), line(f, history), line(f, ahead.map((p) => p.value), history.length, "line2"));
    return h("div", {}, f.svg, h("p", { class: "my-2" }, h("span", { class: "tag" }, String(o.method ?? ""))), table(ahead));
  },
  series_points: (o, c) => {
    const f = frame(o.values.length, o.values, c.t.output ?? "");
    if (o.baseline) f.svg.append(line(f, o.baseline, 0, "line2"));
    f.svg.append(line(f, o.values), ...o.anomalies.map((a: Json) => s("circle", { class: "hit", cx: f.x(a.index), cy: f.y(a.value), r: 4 })));
    return h("div", {}, f.svg, o.anomalies.length ? table(o.anomalies) : h("p", {}, c.t.nothing ?? ""));
  },
  breaks: (o, c) => {
    const f = frame(o.values.length, o.values, c.t.output ?? "");
    f.svg.append(line(f, o.values), ...o.segments.map((g: Json) => s("line", { class: "line2", x1: f.x(g.start), x2: f.x(g.end), y1: f.y(g.mean), y2: f.y(g.mean) })), ...o.breaks.map((b: number) => s("line", { class: "rule", x1: f.x(b), x2: f.x(b), y1: 10, y2: f.height - 26 })));
    return h("div", {}, f.svg, table(o.segments));
  },
  row_scores: (o) => table(o.rows.map((r: Json) => ({ ...r, reasons: r.reasons?.map((x: Json) => `${x.field} ${number(x.contribution)}`).join(", ") }))),
  routes: (o, c) => {
    const xs = o.points.map((p: number[]) => p[0]), ys = o.points.map((p: number[]) => p[1]), minX = Math.min(...xs), minY = Math.min(...ys);
    const scale = Math.min(600 / (Math.max(...xs) - minX || 1), 320 / (Math.max(...ys) - minY || 1)), at = (i: number) => [20 + (xs[i] - minX) * scale, 340 - (ys[i] - minY) * scale];
    const svg = s("svg", { class: "chart", viewBox: "0 0 640 360", role: "img", "aria-label": c.t.output ?? "" });
    o.routes.forEach((r: Json, i: number) => svg.append(s("polyline", { points: r.stops.map((k: number) => at(k).join(",")).join(" "), fill: "none", stroke: colour(i), "stroke-width": 2 })));
    o.points.forEach((_: number[], i: number) => { const [x, y] = at(i); svg.append(s("circle", { cx: x!, cy: y!, r: i ? 4 : 7, class: i ? "wave" : "hit" }), s("text", { x: x! + 8, y: y! - 6 }, i)); });
    return h("div", {}, svg, table(o.routes.map((r: Json) => ({ ...r, stops: r.stops.join(" → ") }))));
  },
  key_values: (o) => table(o.values),
  report: (o) => h("div", {}, h("p", { class: "mb-3" }, h("span", { class: "tag" }, `${o.verdict}${o.score === undefined ? "" : ` · ${number(o.score)}`}`)), table(o.checks)),
  table: (o) => Array.isArray(o.rows) && o.rows.length && !Array.isArray(o.rows[0]) ? table(o.rows) : h("div", { class: "tree" }, tree(o)),
};

export function draw(kind: string, output: Json, context: Context): HTMLElement {
  try { return DRAW[kind]?.(output, context) ?? h("div", { class: "tree", tabindex: 0 }, tree(output)); }
  catch { return h("div", { class: "tree", tabindex: 0 }, tree(output)); } // a result that its schema did not foresee
}
