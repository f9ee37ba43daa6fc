/** One control for each input kind and parameter of a manifest. */
import { h, icon } from "../dom";
import { frame, line } from "./chart";

export interface Spec { kind: string; media_types?: string[]; max_bytes?: number; choices?: string[]; default?: unknown; minimum?: number; maximum?: number; required?: boolean }
export interface Control { element: HTMLElement; read(): unknown | Promise<unknown>; short(): unknown; preview?(): string[] }
type T = Record<string, string>;
const title = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");

function asDataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => { const reader = new FileReader(); reader.onload = () => resolve(String(reader.result)); reader.onerror = () => reject(reader.error); reader.readAsDataURL(blob); });
}
const source = (value: unknown): string => typeof value === "string" ? value : (value as { $url?: string } | null)?.$url ?? "";

function file(name: string, spec: Spec, value: unknown, changed: () => void, t: T): Control {
  const many = spec.kind === "images";
  let urls: string[] = (many ? (value as unknown[] ?? []) : [value]).map(source).filter(Boolean);
  const show = h("div", { class: "grid gap-2 place-items-center" });
  const picker = h("input", { type: "file", class: "sr-only", id: `in-${name}`, multiple: many, accept: spec.media_types?.join(",") ?? (spec.kind === "audio" ? "audio/*" : spec.kind === "bytes" ? undefined : "image/*") });
  const paint = (): void => {
    show.replaceChildren(...urls.map((url) => spec.kind === "audio" ? h("audio", { controls: true, src: url, class: "max-w-full" }) : spec.kind === "bytes" ? h("code", {}, url.slice(0, 60)) : h("img", { src: url, alt: title(name) })));
    changed();
  };
  const take = async (list: FileList | File[]): Promise<void> => {
    const chosen = [...list].slice(0, many ? 8 : 1);
    if (!chosen.length) return;
    if (spec.max_bytes && chosen.some((f) => f.size > spec.max_bytes!)) { show.replaceChildren(h("p", { class: "text-bad", role: "alert" }, t.too_large ?? "")); return; }
    urls = await Promise.all(chosen.map(asDataUrl));
    paint();
  };
  picker.addEventListener("change", () => void take(picker.files ?? []));
  const drop = h("label", { class: "drop relative", for: picker.id }, show, h("span", { class: "chip" }, icon("upload"), t.upload), picker);
  drop.addEventListener("dragover", (e) => { e.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (e) => { e.preventDefault(); drop.classList.remove("over"); void take(e.dataTransfer?.files ?? []); });
  document.addEventListener("paste", (e) => { if (e.clipboardData?.files.length && drop.isConnected) void take(e.clipboardData.files); });
  paint();
  const read = async (): Promise<unknown> => {
    const data = await Promise.all(urls.map(async (url) => url.startsWith("data:") ? url : asDataUrl(await (await fetch(url)).blob())));
    return many ? data : data[0];
  };
  return { element: h("div", {}, h("span", { class: "label" }, title(name)), drop), read, short: () => (many ? urls.map(() => "<base64>") : "<base64>"), preview: () => urls };
}
function text(name: string, spec: Spec, value: unknown, changed: () => void): Control {
  const many = spec.kind === "texts";
  const area = h("textarea", { class: "field", id: `in-${name}`, rows: 6, spellcheck: "false", input: changed });
  area.value = many ? (value as string[] ?? []).join("\n") : String(value ?? "");
  const read = (): unknown => many ? area.value.split("\n").map((row) => row.trim()).filter(Boolean) : area.value;
  return { element: h("div", {}, h("label", { class: "label", for: area.id }, title(name)), area), read, short: read };
}
function series(name: string, value: unknown, changed: () => void, t: T): Control {
  const wrapped = value !== null && typeof value === "object" && !Array.isArray(value) ? value as { values: number[] } : null;
  const start: number[] = wrapped ? wrapped.values : value as number[] ?? [];
  const area = h("textarea", { class: "field num", id: `in-${name}`, rows: 4, spellcheck: "false" });
  const plot = h("div", { class: "card p-2 mb-2" });
  area.value = start.join(", ");
  const values = (): number[] => area.value.split(/[\s,;]+/).filter(Boolean).map(Number).filter(Number.isFinite);
  const paint = (): void => { const v = values(); plot.replaceChildren(); if (v.length > 1) { const f = frame(v.length, v, title(name), 170); f.svg.append(line(f, v)); plot.append(f.svg); } changed(); };
  area.addEventListener("input", paint);
  paint();
  const read = (): unknown => wrapped ? { ...wrapped, values: values() } : values();
  return { element: h("div", {}, h("label", { class: "label", for: area.id }, `${title(name)} · ${t.numbers}`), plot, area), read, short: read };
}
function grid(name: string, value: unknown, changed: () => void, t: T): Control {
  let rows = structuredClone(value as Record<string, unknown>[] ?? []);
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const typed = (raw: string): unknown => raw.trim() === "" ? null : Number.isFinite(Number(raw)) ? Number(raw) : raw;
  const body = h("tbody");
  const paint = (): void => {
    body.replaceChildren(...rows.map((row, i) => h("tr", {}, ...columns.map((c) => h("td", {}, h("input", { value: String(row[c] ?? ""), "aria-label": `${c} ${i + 1}`, input: (e) => { row[c] = typed((e.target as HTMLInputElement).value); changed(); } }))))));
    changed();
  };
  const add = h("button", { type: "button", class: "btn btn-sm mt-2", click: () => { rows = [...rows, { ...rows.at(-1) }]; paint(); } }, icon("plus"), t.add_row);
  paint();
  return { element: h("div", {}, h("span", { class: "label" }, title(name)), h("div", { class: "scroll max-h-80" }, h("table", { class: "grid-edit" }, h("thead", {}, h("tr", {}, ...columns.map((c) => h("th", {}, c)))), body)), add), read: () => rows, short: () => rows };
}
function json(name: string, value: unknown, changed: () => void, t: T): Control {
  const area = h("textarea", { class: "field font-mono text-[12.5px]", id: `in-${name}`, rows: 10, spellcheck: "false", input: changed });
  area.value = JSON.stringify(value ?? null, null, 1);
  const read = (): unknown => { try { return JSON.parse(area.value); } catch { area.focus(); throw new Error(t.bad_json); } };
  return { element: h("div", {}, h("label", { class: "label", for: area.id }, `${title(name)} · JSON`), area), read, short: () => { try { return JSON.parse(area.value); } catch { return null; } } };
}
function small(name: string, spec: Spec, value: unknown, changed: () => void): Control {
  const id = `in-${name}`, start = value ?? spec.default;
  if (spec.kind === "choice") {
    const select = h("select", { class: "field", id, change: changed }, ...(spec.choices ?? []).map((c) => h("option", { value: c, selected: c === start }, c)));
    return { element: h("div", {}, h("label", { class: "label", for: id }, title(name)), select), read: () => select.value, short: () => select.value };
  }
  if (spec.kind === "boolean") {
    const box = h("input", { type: "checkbox", id, checked: start === true, change: changed });
    return { element: h("label", { class: "check" }, box, h("span", {}, title(name))), read: () => box.checked, short: () => box.checked };
  }
  const numeric = spec.kind === "number" || spec.kind === "integer";
  const ranged = numeric && spec.minimum !== undefined && spec.maximum !== undefined && spec.maximum - spec.minimum <= 1;
  const field = h("input", { type: ranged ? "range" : numeric ? "number" : "text", id, class: ranged ? "w-full" : "field", min: spec.minimum, max: spec.maximum, step: ranged ? 0.01 : "any", value: start === undefined || start === null ? "" : String(start) });
  const shown = h("output", { class: "num text-ink-2", for: id }, ranged ? field.value : "");
  field.addEventListener("input", () => { if (ranged) shown.textContent = field.value; changed(); });
  const read = (): unknown => field.value === "" ? undefined : numeric ? Number(field.value) : field.value;
  return { element: h("div", {}, h("div", { class: "flex justify-between" }, h("label", { class: "label", for: id }, title(name)), shown), field), read, short: read };
}
export function control(name: string, spec: Spec, value: unknown, changed: () => void, t: T): Control {
  if (["image", "images", "audio", "bytes"].includes(spec.kind)) return file(name, spec, value, changed, t);
  if (spec.kind === "text" || spec.kind === "texts") return text(name, spec, value, changed);
  if (spec.kind === "series") return series(name, value, changed, t);
  if (spec.kind === "table" && Array.isArray(value) && value.length) return grid(name, value, changed, t);
  if (["number", "integer", "boolean", "choice", "string"].includes(spec.kind)) return small(name, spec, value, changed);
  return json(name, value, changed, t);
}
