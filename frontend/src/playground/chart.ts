/** Own line charts: up to some thousand points as one SVG path; larger series are thinned to the pixel. */
import { s } from "../dom";

export interface Frame { x(i: number): number; y(v: number): number; svg: SVGElement; height: number }

export function frame(count: number, values: number[], label: string, height = 220): Frame {
  const finite = values.filter(Number.isFinite);
  const low = Math.min(...finite), high = Math.max(...finite), span = high - low || 1;
  const x = (i: number): number => 44 + (i / Math.max(1, count - 1)) * 586;
  const y = (v: number): number => height - 26 - ((v - low) / span) * (height - 42);
  const svg = s("svg", { class: "chart", viewBox: `0 0 640 ${height}`, role: "img", "aria-label": label });
  for (const value of [low, low + span / 2, high]) {
    svg.append(s("line", { class: "grid", x1: 44, x2: 630, y1: y(value), y2: y(value) }),
      s("text", { x: 38, y: y(value) + 4, "text-anchor": "end" }, Number(value.toPrecision(3)).toString()));
  }
  for (const i of [0, Math.floor((count - 1) / 2), count - 1]) svg.append(s("text", { x: x(i), y: height - 8, "text-anchor": "middle" }, i));
  return { x, y, svg, height };
}
export function line(f: Frame, values: number[], from = 0, name = "line"): SVGElement {
  const step = Math.max(1, Math.floor(values.length / 2000));
  const points = values.map((v, i) => [f.x(i + from), f.y(v)] as const).filter((_, i) => i % step === 0 || i === values.length - 1);
  return s("path", { class: name, d: points.map(([a, b], i) => `${i ? "L" : "M"}${a.toFixed(1)} ${b.toFixed(1)}`).join("") });
}
