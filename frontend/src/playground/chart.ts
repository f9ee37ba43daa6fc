/** Own line charts: one SVG path a series; what is longer than the drawing is thinned to the pixel. */
import { s } from "../dom";

type Value = number | null;
export interface Frame { x(i: number): number; y(v: number): number; svg: SVGElement; height: number }
const LEFT = 44, RIGHT = 632, WIDTH = 640;

export const short = (v: number): string => (Math.abs(v) >= 1e6 ? `${Number((v / 1e6).toPrecision(3))}M` : Math.abs(v) >= 1e4 ? `${Number((v / 1e3).toPrecision(3))}k` : String(Number(v.toPrecision(3))));

export function frame(count: number, values: Value[], label: string, height = 220): Frame {
  const finite = values.filter((v): v is number => Number.isFinite(v));
  let low = Infinity, high = -Infinity;
  for (const v of finite) { low = Math.min(low, v); high = Math.max(high, v); }
  if (!finite.length) { low = 0; high = 1; }
  const pad = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
  low -= pad; high += pad;
  const x = (i: number): number => LEFT + (i / Math.max(1, count - 1)) * (RIGHT - LEFT);
  const y = (v: number): number => height - 26 - ((v - low) / (high - low)) * (height - 38);
  const svg = s("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": label });
  for (const value of [low, low + (high - low) / 2, high]) {
    svg.append(s("line", { class: "grid", x1: LEFT, x2: RIGHT, y1: y(value), y2: y(value) }), s("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, short(value)));
  }
  const last = count - 1;
  const marks = [...new Set([0, 0.25, 0.5, 0.75, 1].map((part) => Math.round(last * part)))];
  for (const i of marks) svg.append(s("text", { x: x(i), y: height - 8, "text-anchor": i === 0 ? "start" : i === last ? "end" : "middle" }, i));
  return { x, y, svg, height };
}
/** A path through the values; gaps stay gaps. */
export function line(f: Frame, values: Value[], from = 0, name = "line"): SVGElement {
  const step = Math.max(1, Math.floor(values.length / 1200));
  let d = "", pen = false;
  values.forEach((v, i) => {
    if (i % step !== 0 && i !== values.length - 1) return;
    if (v === null || !Number.isFinite(v)) { pen = false; return; }
    d += `${pen ? "L" : "M"}${f.x(i + from).toFixed(1)} ${f.y(v).toFixed(1)}`;
    pen = true;
  });
  return s("path", { class: name, d });
}
/** Bars around a middle line: the loudness of a sound; those in marked spans are coloured. */
export function waveform(peaks: number[], label: string, on: (share: number) => boolean = () => true): SVGElement {
  const svg = s("svg", { class: "chart h-20!", viewBox: "0 0 636 80", preserveAspectRatio: "none", role: "img", "aria-label": label });
  const step = 636 / peaks.length;
  peaks.forEach((peak, i) => svg.append(s("rect", { class: on(i / peaks.length) ? "wave" : "rest", x: (i * step).toFixed(1), y: 40 - 2 - peak * 34, width: (step * 0.55).toFixed(1), height: 4 + peak * 68, rx: 1.3 })));
  return svg;
}
