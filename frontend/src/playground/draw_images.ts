/** Results over a picture: boxes, points, masks, text, codes; a picture before and after; drawings. */
import { h, s } from "../dom";
import { colour, facts, media, meter, nothing, picture, words } from "./parts";
import type { Context, Json } from "./types";

interface Item { shape: SVGElement[]; label: string; score?: number; at?: [number, number] }

/** Shapes over the picture and rows in a list; hovering or focusing one lights its partner up. */
function overlay(output: Json, context: Context, items: Item[]): HTMLElement {
  const size = output.width / 640, svg = s("svg", { viewBox: `0 0 ${output.width} ${output.height}`, "aria-hidden": "true" });
  const stage = h("div", { class: "stage rounded-none!" }), list = h("div", { class: "p-2 max-h-96 overflow-y-auto" });
  items.forEach((item, i) => {
    const group = s("g", {}, ...item.shape);
    const label = item.score === undefined ? item.label : `${item.label} ${item.score.toFixed(2)}`;
    const row = h("button", { type: "button", class: "linked" }, h("span", { class: "swatch" }), h("span", { class: "min-w-0 break-words font-medium" }, item.label), h("span", { class: "ms-auto" }), item.score === undefined ? null : meter(item.score), item.score === undefined ? null : h("span", { class: "num text-ink-3 w-9 text-end" }, item.score.toFixed(2)));
    if (item.at && items.length <= 24) group.append(...badge(label, item.at, size, output.width));
    group.style.color = colour(i);
    (row.firstElementChild as HTMLElement).style.color = colour(i);
    const light = (on: boolean) => (): void => { group.classList.toggle("on", on); row.classList.toggle("on", on); stage.classList.toggle("focus", on); };
    for (const el of [group, row]) for (const [name, on] of [["pointerenter", true], ["pointerleave", false], ["focus", true], ["blur", false]] as const) el.addEventListener(name, light(on));
    svg.append(group);
    list.append(row);
  });
  if (context.image) stage.append(h("img", { src: context.image, alt: context.t.input ?? "", width: output.width, height: output.height }));
  else stage.style.aspectRatio = `${output.width} / ${output.height}`;
  stage.append(svg);
  return h("div", {}, stage, items.length ? list : nothing(context.t), facts(output.values));
}
/** A label in the shape's colour, above its corner, kept inside the picture. */
function badge(text: string, [x, y]: [number, number], size: number, width: number): SVGElement[] {
  const height = 18 * size, long = (text.length * 6.4 + 12) * size;
  const left = Math.max(0, Math.min(x - size, width - long)), top = y - height - 3 * size < 0 ? y + 3 * size : y - height - 3 * size;
  return [s("rect", { class: "badge", x: left, y: top, width: long, height, rx: 4 * size }), s("text", { x: left + 6 * size, y: top + height * 0.7, "font-size": 11 * size }, text)];
}
/** A label is shown as it came, where the page has no word of its own for it. */
const named = (label: unknown): string => (typeof label === "string" && words(label).toLowerCase() !== label.replaceAll("_", " ").toLowerCase() ? words(label) : String(label ?? ""));
const polygon = (points: number[][]): SVGElement => s("polygon", { class: "shape", points: points.map((p) => p.join(",")).join(" ") });
const rectangle = (b: Json): SVGElement => (b.polygon ? polygon(b.polygon) : s("rect", { class: "shape", x: b.x, y: b.y, width: b.width, height: b.height, rx: Math.min(b.width, b.height) * 0.04 }));
const dot = (p: Json, o: Json): SVGElement => s("circle", { cx: p.x, cy: p.y, r: Math.max(o.width, o.height) / 190, fill: "currentColor", stroke: "#08201c", "stroke-width": Math.max(o.width, o.height) / 900 });

function keypoints(o: Json, c: Context): HTMLElement {
  return overlay(o, c, o.instances.map((n: Json, i: number) => {
    const bones = (o.skeleton ?? []).filter(([a, b]: number[]) => n.points[a!] && n.points[b!]);
    return { label: named(n.label) || `${i + 1} · ${n.points.length} ${c.t.points}`, score: n.score, shape: [
      ...bones.map(([a, b]: number[]) => s("line", { class: "bone", x1: n.points[a!].x, y1: n.points[a!].y, x2: n.points[b!].x, y2: n.points[b!].y })), ...n.points.map((p: Json) => dot(p, o))] };
  }));
}
/** The mask as a tint over the picture, as strong as it is light there; alone where the picture is not at hand. */
function mask(o: Json, c: Context): HTMLElement {
  const stage = h("div", { class: "stage rounded-none!" }), address = media(o.mask);
  const slider = h("input", { type: "range", min: 0, max: 100, value: 70, "aria-label": c.t.opacity });
  if (c.image) {
    const tint = h("div", { class: "tint", role: "img", "aria-label": c.t.mask });
    tint.style.maskImage = `url("${address}")`;
    const paint = (): void => { tint.style.opacity = String(Number(slider.value) / 100); slider.style.setProperty("--v", `${slider.value}%`); };
    slider.addEventListener("input", paint);
    paint();
    stage.append(picture(c.image, c.t.input), tint);
  } else stage.append(picture(address, c.t.mask));
  return h("div", {}, stage, h("div", { class: "p-4 flex items-center gap-6 flex-wrap" }, h("p", {}, h("span", { class: "text-ink-3" }, `${c.t.coverage} `), h("b", { class: "num" }, `${(o.coverage * 100).toFixed(1)} %`)), c.image ? h("div", { class: "flex-1 min-w-40" }, slider) : null), facts(o.values));
}
/** The picture before under the picture after; the line between them is dragged or moved by arrow keys. */
function image(o: Json, c: Context): HTMLElement {
  const address = media(o.image), after = picture(address, c.t.output);
  const save = h("a", { class: "link text-[13px] flex items-center gap-1.5", href: address, download: "result.png" }, c.t.download);
  if (!c.image) return h("div", {}, h("div", { class: "stage rounded-none!" }, after), h("div", { class: "p-4" }, save), facts(o.values));
  const box = h("div", { class: "stage ba rounded-none!" });
  const slider = h("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": c.t.compare, input: (e) => box.style.setProperty("--cut", `${(e.target as HTMLInputElement).value}%`) });
  box.append(picture(c.image, c.t.input), after, slider);
  return h("div", {}, box, h("div", { class: "p-4 flex justify-between text-[13px] text-ink-3" }, h("span", {}, c.t.compare), save), facts(o.values));
}
export const IMAGES: Record<string, (o: Json, c: Context) => HTMLElement> = {
  boxes: (o, c) => overlay(o, c, o.boxes.map((b: Json) => ({ label: named(b.label) || "—", score: b.score, at: [b.x, b.y], shape: [rectangle(b), ...(b.keypoints ?? []).map((p: Json) => dot(p, o))] }))),
  keypoints,
  ocr: (o, c) => h("div", {}, overlay(o, c, o.lines.map((l: Json) => ({ label: l.text, score: l.score, shape: [polygon(l.polygon)] }))), h("pre", { class: "code whitespace-pre-wrap! border-t border-line", tabindex: 0 }, o.text)),
  codes: (o, c) => overlay(o, c, o.codes.map((l: Json) => ({ label: `${l.format}: ${l.text}`, at: l.polygon[0], shape: [polygon(l.polygon)] }))),
  mask,
  image,
  svg: (o, c) => h("div", {}, h("div", { class: "p-4 bg-white rounded-b-xl grid place-items-center" }, h("img", { src: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(o.svg)}`, alt: c.t.output ?? "", width: o.width, height: o.height, class: "max-w-full h-auto" })), facts(o.values)),
};
