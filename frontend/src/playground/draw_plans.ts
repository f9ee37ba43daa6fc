/** What is to be done: routes on a plane, schedules as a Gantt chart, allocations as a table, graphs. */
import { h, s } from "../dom";
import { colour, facts, number, table, words } from "./parts";
import type { Context, Json } from "./types";

const padded = (...children: (Node | null)[]): HTMLElement => h("div", { class: "p-4 grid gap-4 grid-cols-[minmax(0,1fr)]" }, ...children);
/** The drawings' colours, dark enough to be read as lines in both themes. */
const ink = (i: number): string => `var(--c${(i % 4) + 1})`;

function routes(o: Json, c: Context): HTMLElement {
  const xs = o.points.map((p: number[]) => p[0]), ys = o.points.map((p: number[]) => p[1]), left = Math.min(...xs), low = Math.min(...ys);
  const wide = Math.max(...xs) - left || 1, tall = Math.max(...ys) - low || 1, scale = Math.min(580 / wide, 300 / tall);
  const at = (i: number): [number, number] => [320 + (xs[i] - left - wide / 2) * scale, 170 - (ys[i] - low - tall / 2) * scale];
  const svg = s("svg", { class: "chart", viewBox: "0 0 640 340", role: "img", "aria-label": c.t.output ?? "" });
  o.routes.forEach((r: Json, i: number) => { const path = s("polyline", { points: r.stops.map((k: number) => at(k).map((v) => v.toFixed(1)).join(",")).join(" "), fill: "none", "stroke-width": 2, "stroke-linejoin": "round" }); path.style.stroke = ink(i); svg.append(path); });
  o.points.forEach((_: number[], i: number) => { const [x, y] = at(i); svg.append(i ? s("circle", { cx: x, cy: y, r: 4.5, class: o.unserved?.includes(i) ? "hit" : "wave" }) : s("rect", { x: x - 6, y: y - 6, width: 12, height: 12, rx: 3, class: "hit" }), s("text", { x: x + 9, y: y - 7 }, i)); });
  return h("div", {}, padded(svg, table(o.routes.map((r: Json) => ({ ...r, stops: r.stops.join(" → ") })))), facts({ distance: o.distance, unserved: o.unserved?.length }));
}
function plan(o: Json, c: Context): HTMLElement {
  const timed = o.items.filter((x: Json) => typeof x.start === "number" && typeof x.end === "number");
  return h("div", {}, h("div", { class: "px-4 pt-4 flex gap-3 items-center" }, h("span", { class: `tag ${/optimal|feasible/i.test(o.status) ? "tag-ok" : "tag-warn"}` }, words(o.status)), o.objective === null ? null : h("span", { class: "num font-medium ms-auto" }, number(o.objective))),
    padded(timed.length ? gantt(timed, c) : null, table(o.items)), facts(o.summary));
}
/** One row a resource, one bar an item. */
function gantt(items: Json[], c: Context): SVGElement {
  const rows: string[] = [...new Set<string>(items.map((x) => String(x.resource ?? x.name)))], first = Math.min(...items.map((x) => x.start)), last = Math.max(...items.map((x) => x.end), first + 1);
  const height = rows.length * 34 + 26, x = (v: number): number => 104 + ((v - first) / (last - first)) * 528;
  const svg = s("svg", { class: "chart", viewBox: `0 0 640 ${height}`, role: "img", "aria-label": c.t.output ?? "" });
  for (const part of [0, 0.25, 0.5, 0.75, 1]) { const v = first + part * (last - first); svg.append(s("line", { class: "grid", x1: x(v), x2: x(v), y1: 0, y2: height - 22 }), s("text", { x: x(v), y: height - 6, "text-anchor": part === 1 ? "end" : "middle" }, number(Math.round(v * 10) / 10))); }
  rows.forEach((name, i) => svg.append(s("text", { x: 0, y: i * 34 + 22 }, name.length > 15 ? `${name.slice(0, 14)}…` : name)));
  items.forEach((item, i) => {
    const row = rows.indexOf(String(item.resource ?? item.name)), wide = Math.max(2, x(item.end) - x(item.start) - 1.5);
    const mark = s("rect", { x: x(item.start), y: row * 34 + 6, width: wide, height: 24, rx: 4 }, s("title", {}, `${item.name}: ${number(item.start)}–${number(item.end)}`));
    mark.style.fill = colour(i);
    const label = s("text", { x: x(item.start) + 6, y: row * 34 + 22 }, String(item.name).slice(0, Math.floor(wide / 7)));
    label.style.fill = "#08201c";
    svg.append(mark, label);
  });
  return svg;
}
/** Places for the nodes: all push each other away, edges pull; always the same for the same graph. */
function spread(nodes: Json[], edges: Json[]): Map<string, [number, number]> {
  const at = new Map<string, [number, number]>(nodes.map((n, i) => [n.id, [Math.cos(i * 2.4) * (1 + i / nodes.length), Math.sin(i * 2.4) * (1 + i / nodes.length)]]));
  const pairs = edges.flatMap((e) => { const a = at.get(e.source), b = at.get(e.target); return a && b && a !== b ? [[a, b] as const] : []; }), all = [...at.values()];
  for (let heat = 0.3; heat > 0.004; heat *= 0.975) {
    const force = new Map(all.map((p) => [p, [-p[0] * 0.15, -p[1] * 0.15] as [number, number]]));
    const push = (a: [number, number], b: [number, number], strength: (d: number) => number): void => {
      const x = b[0] - a[0], y = b[1] - a[1], d = Math.hypot(x, y) || 0.01, k = strength(d) / d, f = force.get(a)!, g = force.get(b)!;
      f[0] += x * k; f[1] += y * k; g[0] -= x * k; g[1] -= y * k;
    };
    all.forEach((a, i) => { for (const b of all.slice(i + 1)) push(a, b, (d) => -0.5 / d); });
    for (const [a, b] of pairs) push(a, b, (d) => d * d);
    for (const [p, [x, y]] of force) { const size = Math.hypot(x, y) || 1, step = Math.min(size, heat) / size; p[0] += x * step; p[1] += y * step; }
  }
  const fit = (axis: 0 | 1, low: number, high: number): void => { const values = all.map((p) => p[axis]), least = Math.min(...values), wide = Math.max(...values) - least; for (const p of all) p[axis] = wide ? low + ((p[axis] - least) / wide) * (high - low) : (low + high) / 2; };
  fit(0, 50, 590);
  fit(1, 34, 296);
  return at;
}
/** Nodes and the edges between them; a path is drawn on top. */
function graph(o: Json, c: Context): HTMLElement {
  const shown: Json[] = o.nodes.slice(0, 60), place = spread(shown, o.edges);
  const svg = s("svg", { class: "chart", viewBox: "0 0 640 320", role: "img", "aria-label": c.t.output ?? "" });
  const groups = [...new Set(shown.map((n) => n.group))], top = Math.max(...shown.map((n) => n.score ?? 0), 1e-9);
  const edge = (a: string, b: string, name: string, weight = 1): void => { const p = place.get(a), q = place.get(b); if (p && q) svg.append(s("line", { class: name, x1: p[0], y1: p[1], x2: q[0], y2: q[1], "stroke-width": weight })); };
  for (const e of o.edges.slice(0, 400)) edge(e.source, e.target, "edge");
  (o.path ?? []).slice(1).forEach((node: string, i: number) => edge(o.path[i], node, "rule", 2.5));
  for (const n of shown) {
    const [x, y] = place.get(n.id)!, mark = s("circle", { cx: x, cy: y, r: 5 + ((n.score ?? 0) / top) * 8 });
    mark.style.fill = ink(groups.indexOf(n.group));
    svg.append(mark, s("text", { x, y: y - 12, "text-anchor": "middle" }, n.id));
  }
  return h("div", {}, padded(svg, o.path ? h("p", { class: "font-medium" }, o.path.join(" → ")) : null, table(o.nodes)), facts(o.summary));
}
export const PLANS: Record<string, (o: Json, c: Context) => HTMLElement> = { routes, plan, graph };
