/** Results over time: forecasts with their band, anomalies, change points, sounds. */
import { h, s } from "../dom";
import { frame, line, waveform } from "./chart";
import { decode } from "./media";
import { colour, facts, media, nothing, number, table, words } from "./parts";
import type { Context, Json } from "./types";

const padded = (...children: (Node | null)[]): HTMLElement => h("div", { class: "p-4 grid gap-4 grid-cols-[minmax(0,1fr)]" }, ...children);
const key = (mark: string, words: string | undefined): HTMLElement => h("span", { class: "flex items-center gap-2 text-[13px] text-ink-2" }, s("svg", { width: 18, height: 8, class: "chart w-auto!", "aria-hidden": "true" }, s("path", { class: mark, d: "M0 4H18" })), words ?? "");

function forecast(o: Json, c: Context): HTMLElement {
  const history: (number | null)[] = o.history, ahead: Json[] = o.forecast;
  const f = frame(history.length + ahead.length, [...history, ...ahead.flatMap((p) => [p.value, p.lower, p.upper])], c.t.output ?? "", 260);
  const at = (i: number): string => f.x(history.length + i).toFixed(1);
  const upper = ahead.map((p, i) => `${at(i)},${f.y(p.upper ?? p.value).toFixed(1)}`), lower = ahead.map((p, i) => `${at(i)},${f.y(p.lower ?? p.value).toFixed(1)}`).reverse();
  const last = history.findLastIndex((v) => v !== null);
  f.svg.append(s("polygon", { class: "band", points: [...upper, ...lower].join(" ") }), line(f, history), line(f, [history[last] ?? null, ...ahead.map((p) => p.value as number)], last, "line2"));
  const tested = o.backtest ? Object.entries(o.backtest).filter(([, v]) => typeof v === "number") : [];
  return padded(f.svg, h("div", { class: "flex flex-wrap items-center gap-x-5 gap-y-2" }, key("line", c.t.measured), key("line2", c.t.forecast), h("span", { class: "tag ms-auto" }, String(o.method)), ...tested.slice(0, 3).map(([k, v]) => h("span", { class: "tag num" }, `${words(k)} ${number(v)}`))), table(ahead));
}
function anomalies(o: Json, c: Context): HTMLElement {
  const f = frame(o.values.length, [...o.values, ...(o.baseline ?? [])], c.t.output ?? "", 240);
  for (const a of o.anomalies) f.svg.append(s("rect", { class: "glow", x: f.x(a.index) - 5, y: 8, width: 10, height: f.height - 34, rx: 3 }));
  if (o.baseline) f.svg.append(line(f, o.baseline, 0, "line2"));
  f.svg.append(line(f, o.values), ...o.anomalies.filter((a: Json) => a.value !== null).map((a: Json) => s("circle", { class: "hit", cx: f.x(a.index), cy: f.y(a.value), r: 4 })));
  const tags = h("div", { class: "flex flex-wrap gap-2" }, h("span", { class: `tag ${o.anomalies.length ? "tag-bad" : "tag-ok"} num` }, `${o.anomalies.length} ${o.anomalies.length === 1 ? c.t.anomaly : c.t.anomalies}`), ...o.anomalies.slice(0, 8).map((a: Json) => h("span", { class: "tag num" }, `${a.index}: ${number(a.value)}`)));
  return h("div", {}, padded(f.svg, tags, o.anomalies.length ? table(o.anomalies) : null), facts(o.summary));
}
function breaks(o: Json, c: Context): HTMLElement {
  const f = frame(o.values.length, o.values, c.t.output ?? "", 240);
  f.svg.append(line(f, o.values), ...o.segments.map((g: Json) => s("line", { class: "line2", x1: f.x(g.start), x2: f.x(g.end), y1: f.y(g.mean), y2: f.y(g.mean) })), ...o.breaks.map((b: number) => s("line", { class: "rule", x1: f.x(b), x2: f.x(b), y1: 10, y2: f.height - 26 })));
  return padded(f.svg, h("div", { class: "flex flex-wrap gap-2" }, h("span", { class: "tag tag-accent num" }, `${o.breaks.length} ${o.breaks.length === 1 ? c.t.break : c.t.breaks}`), ...o.breaks.slice(0, 12).map((b: number) => h("span", { class: "tag num" }, b))), table(o.segments));
}
/** Spans of a sound over its waveform; without the sound, over a bare line. */
function segments(o: Json, c: Context): HTMLElement {
  const names: string[] = [...new Set<string>(o.segments.map((g: Json) => g.label))], long = o.duration || 1;
  const box = h("div", { class: "relative" }), strip = s("svg", { class: "chart h-6!", viewBox: "0 0 636 24", preserveAspectRatio: "none", "aria-hidden": "true" });
  for (const g of o.segments) {
    const mark = s("rect", { x: (g.start / long) * 636, width: Math.max(1.5, ((g.end - g.start) / long) * 636), y: 4, height: 14, rx: 3 });
    mark.style.fill = names.length > 1 ? colour(names.indexOf(g.label)) : "var(--c1)";
    strip.append(mark);
  }
  if (c.audio) decode(c.audio, 160).then(({ peaks }) => box.replaceChildren(waveform(peaks, c.t.input ?? "", (share) => o.segments.some((g: Json) => share * long >= g.start && share * long <= g.end))), () => undefined);
  const rows = o.segments.slice(0, 200).map((g: Json) => h("li", { class: "flex gap-4 py-1.5" }, h("span", { class: "mono text-ink-3 w-28 shrink-0" }, `${g.start.toFixed(2)}–${g.end.toFixed(2)} s`), h("span", { class: "min-w-0 break-words" }, words(g.label)), h("span", { class: "num text-ink-3 ms-auto" }, g.score.toFixed(2))));
  return h("div", {}, padded(o.text ? h("p", { class: "text-[16px] leading-8" }, o.text) : null, h("div", {}, box, strip, h("div", { class: "flex justify-between mono text-ink-3" }, h("span", {}, "0 s"), h("span", {}, `${number(o.duration)} s`))), rows.length ? h("ol", { class: "max-h-80 overflow-y-auto", tabindex: 0 }, ...rows) : nothing(c.t)), facts(o.values));
}
function audio(o: Json): HTMLElement {
  const address = media(o.audio), box = h("div", { class: "min-h-20" });
  decode(address, 160).then(({ peaks }) => box.replaceChildren(waveform(peaks, `${number(o.duration)} s`)), () => undefined);
  return h("div", {}, padded(box, h("audio", { controls: true, src: address, class: "w-full" })), facts({ duration: `${number(o.duration)} s`, ...o.values }));
}
export const SERIES: Record<string, (o: Json, c: Context) => HTMLElement> = { series_forecast: forecast, series_points: anomalies, breaks, segments, audio };
