/** One control for each input kind and parameter of a manifest. */
import { h, icon } from "../dom";
import { frame, line, waveform } from "./chart";
import { asDataUrl, decode, rowsOf, typed } from "./media";
import { picture, words as named } from "./parts";
import type { Control, FileName, Spec, Words } from "./types";

type Changed = () => void;
const MEDIA = ["image", "images", "audio", "bytes"];
const source = (value: unknown): string => (typeof value === "string" ? value : (value as { $url?: string } | null)?.$url ?? "");
const megabytes = (bytes: number): string => `${Math.round(bytes / 1e5) / 10} MB`;
const labelled = (name: string, spec: Spec): string => spec.label ?? name;

function files(name: string, spec: Spec, value: unknown, changed: Changed, t: Words): Control {
  const many = spec.kind === "images", sound = spec.kind === "audio";
  const given = (many ? (value as unknown[] | undefined) ?? [] : [value]).map(source).filter(Boolean);
  let urls = given, names = given.map((url) => url.split("/").at(-1) ?? name), seconds = 0;
  const show = h("div", { class: many ? "grid grid-cols-2 gap-px" : "" });
  const note = h("p", { class: "text-bad text-[13px]", role: "alert", hidden: true });
  const picker = h("input", { type: "file", class: "sr-only", id: `in-${name}`, multiple: many, "aria-label": `${t.upload}: ${labelled(name, spec)}`, accept: spec.media_types?.join(",") ?? (sound ? "audio/*" : spec.kind === "bytes" ? undefined : "image/*") });
  const thumb = h("button", { type: "button", class: "chip", "aria-pressed": "true", click: () => { urls = given; names = given.map((url) => url.split("/").at(-1) ?? name); paint(); } }, icon("rotate-ccw"), t.example);
  const paint = (): void => {
    show.replaceChildren(...urls.map((url, i) => (sound ? player(url, (n) => { seconds = n; changed(); }, t) : spec.kind === "bytes" ? h("p", { class: "p-8 text-center mono" }, names[i]) : picture(url, names[i]))));
    if (!urls.length) show.replaceChildren(h("p", { class: "p-10 text-center text-ink-3" }, t.drop_hint));
    thumb.hidden = !given.length || urls === given;
    changed();
  };
  const take = async (list: FileList | File[]): Promise<void> => {
    const chosen = [...list].slice(0, many ? spec.max_items ?? 8 : 1);
    note.hidden = true;
    if (!chosen.length) return;
    if (spec.max_bytes && chosen.some((f) => f.size > spec.max_bytes!)) { note.textContent = t.too_large ?? ""; note.hidden = false; return; }
    urls = await Promise.all(chosen.map(asDataUrl));
    names = chosen.map((f) => f.name);
    paint();
  };
  picker.addEventListener("change", () => void take(picker.files ?? []));
  const drop = h("label", { class: "drop", for: picker.id }, show, h("span", { class: "btn btn-sm" }, icon("upload"), t.upload), picker);
  drop.addEventListener("dragover", (e) => { e.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (e) => { e.preventDefault(); drop.classList.remove("over"); void take(e.dataTransfer?.files ?? []); });
  document.addEventListener("paste", (e) => { if (e.clipboardData?.files.length && drop.isConnected) void take(e.clipboardData.files); });
  const foot = h("div", { class: "flex flex-wrap items-center gap-2 mt-2 text-[13px] text-ink-3" }, thumb, sound ? microphone((blob) => void take([new File([blob], "recording.wav", { type: "audio/wav" })]), note, t) : null,
    spec.kind === "image" ? camera((blob) => void take([new File([blob], "camera.jpg", { type: "image/jpeg" })]), show, note, t) : null,
    h("span", { class: "ms-auto max-sm:hidden" }, t.drop_hint, spec.max_bytes ? `${t.comma}${t.up_to} ${megabytes(spec.max_bytes)}` : ""));
  paint();
  const read = async (): Promise<unknown> => {
    const data = await Promise.all(urls.map(async (url) => (url.startsWith("data:") ? url : asDataUrl(await (await fetch(url)).blob()))));
    return many ? data : data[0];
  };
  const short = (): FileName | FileName[] | undefined => (many ? names.map((file) => ({ file })) : names[0] === undefined ? undefined : { file: names[0] });
  return { element: h("div", {}, h("span", { class: "label" }, labelled(name, spec)), drop, note, foot), read, short, preview: () => urls,
    units: (unit) => (unit === "image" ? Math.max(urls.length, 1) : unit === "second" && sound && seconds ? Math.ceil(seconds) : undefined) };
}
/** A sound with its waveform; pressing play lets it be heard. */
function player(url: string, measured: (seconds: number) => void, t: Words): HTMLElement {
  const wave = h("div", { class: "h-20" }), time = h("span", { class: "mono text-ink-3" }, "0:00"), audio = h("audio", { src: url, preload: "metadata" });
  const clock = (v: number): string => `${Math.floor(v / 60)}:${String(Math.floor(v % 60)).padStart(2, "0")}`;
  const button = h("button", { type: "button", class: "btn btn-sm btn-icon static!", "aria-label": t.play, click: (e) => { e.preventDefault(); if (audio.paused) void audio.play(); else audio.pause(); } }, icon("play"));
  decode(url).then(({ peaks, seconds }) => {
    const paint = (): void => { wave.replaceChildren(waveform(peaks, t.input ?? "", (share) => share * seconds <= audio.currentTime || audio.currentTime === 0)); time.textContent = `${clock(audio.currentTime)} / ${clock(seconds)}`; };
    audio.addEventListener("timeupdate", paint);
    paint();
    measured(seconds);
  }, () => wave.replaceChildren());
  return h("div", { class: "p-4 pb-14" }, wave, h("div", { class: "flex items-center gap-3 mt-3" }, button, time), audio);
}
function microphone(done: (blob: Blob) => void, note: HTMLElement, t: Words): HTMLElement | null {
  if (!navigator.mediaDevices) return null;
  let stop: (() => Promise<Blob>) | null = null;
  const told = h("span", {}, t.record);
  const button: HTMLElement = h("button", { type: "button", class: "chip", click: async () => {
    try {
      if (stop) { const ended = stop; stop = null; told.textContent = t.record ?? ""; done(await ended()); }
      else { stop = await (await import("./capture")).record(); told.textContent = t.stop ?? ""; }
    } catch { note.textContent = t.no_microphone ?? ""; note.hidden = false; }
  } }, icon("mic"), told);
  return button;
}
/** A picture from the camera: one press shows what it sees, the next takes it. */
function camera(done: (blob: Blob) => void, show: HTMLElement, note: HTMLElement, t: Words): HTMLElement | null {
  if (!navigator.mediaDevices) return null;
  let shoot: (() => Promise<Blob>) | null = null;
  const told = h("span", {}, t.camera);
  return h("button", { type: "button", class: "chip", click: async () => {
    try {
      if (shoot) { const taken = shoot; shoot = null; told.textContent = t.camera ?? ""; done(await taken()); }
      else { shoot = await (await import("./capture")).watch(show); told.textContent = t.shoot ?? ""; }
    } catch { note.textContent = t.no_camera ?? ""; note.hidden = false; }
  } }, icon("camera"), told);
}
function text(name: string, spec: Spec, value: unknown, changed: Changed, t: Words): Control {
  const many = spec.kind === "texts";
  const count = h("span", { class: "text-[13px] text-ink-3 num" });
  const area = h("textarea", { class: "field text-[15px]! leading-6!", id: `in-${name}`, rows: many ? 6 : 7, spellcheck: "false" });
  area.value = many ? ((value as string[] | undefined) ?? []).join("\n") : String(value ?? "");
  const tell = (): void => { count.textContent = `${[...area.value].length}${spec.max_chars ? ` / ${spec.max_chars.toLocaleString("en")}` : ""} ${t.characters}`; changed(); };
  area.addEventListener("input", tell);
  tell();
  const read = (): unknown => (many ? area.value.split("\n").map((row) => row.trim()).filter(Boolean) : area.value || (spec.optional ? undefined : ""));
  return { element: h("div", {}, h("div", { class: "flex justify-between gap-3" }, h("label", { class: "label", for: area.id }, many ? `${labelled(name, spec)}${t.comma}${t.lines}` : labelled(name, spec)), count), area), read, short: read,
    units: (unit) => (unit === "1k_chars" ? Math.max(1, Math.ceil([...area.value].length / 1000)) : undefined) };
}
const numbers = (raw: string): number[] => raw.split(/[\s,;]+/).filter(Boolean).map(Number).filter(Number.isFinite);

function series(name: string, spec: Spec, value: unknown, changed: Changed, t: Words): Control {
  const wrapped = value !== null && typeof value === "object" && !Array.isArray(value) ? value as { values: number[] } : null;
  const start: (number | null)[] = wrapped ? wrapped.values : (value as number[] | undefined) ?? [];
  const area = h("textarea", { class: "field mono mt-2", id: `in-${name}`, rows: 3, spellcheck: "false" });
  const plot = h("div", { class: "drop p-2 cursor-default!" });
  area.value = start.map((v) => v ?? "").join(", ");
  const paint = (): void => {
    const v = numbers(area.value), f = frame(v.length, v, `${labelled(name, spec)}: ${v.length} ${t.points}`, 180);
    f.svg.append(line(f, v));
    plot.replaceChildren(f.svg);
    changed();
  };
  area.addEventListener("input", paint);
  plot.addEventListener("dragover", (e) => e.preventDefault());
  plot.addEventListener("drop", async (e) => { e.preventDefault(); const dropped = e.dataTransfer?.files[0]; if (dropped) { area.value = lastColumn(await dropped.text()); paint(); } });
  paint();
  const read = (): unknown => (wrapped ? { ...wrapped, values: numbers(area.value) } : numbers(area.value));
  return { element: h("div", {}, h("label", { class: "label", for: area.id }, labelled(name, spec)), plot, area, h("p", { class: "hint" }, t.numbers)), read, short: read,
    units: (unit) => (unit === "point" ? numbers(area.value).length : undefined) };
}
/** The last column of a CSV that is numbers: dates before it are left out. */
const lastColumn = (csv: string): string => rowsOf(csv).map((row) => Object.values(row).findLast((v) => typeof v === "number")).filter((v) => v !== undefined).join(", ");

function grid(name: string, spec: Spec, value: unknown, changed: Changed, t: Words): Control {
  let rows = structuredClone((value as Record<string, unknown>[] | undefined) ?? []);
  const table = h("table", { class: "grid-edit" });
  const paint = (): void => {
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    table.replaceChildren(h("thead", {}, h("tr", {}, ...columns.map((c) => h("th", { scope: "col" }, c)), h("td", {}))),
      h("tbody", {}, ...rows.map((row, i) => h("tr", {}, ...columns.map((c) => h("td", {}, h("input", { value: String(row[c] ?? ""), class: "num", "aria-label": `${c}, ${t.row} ${i + 1}`, input: (e) => { row[c] = typed((e.target as HTMLInputElement).value); changed(); } }))),
        h("td", { class: "w-9" }, h("button", { type: "button", class: "px-2 text-ink-3", "aria-label": `${t.remove_row} ${i + 1}`, click: () => { rows = rows.filter((_, k) => k !== i); paint(); } }, icon("x")))))));
    changed();
  };
  const take = (raw: string): void => { const found = rowsOf(raw); if (found.length) { rows = found; paint(); } };
  const box = h("div", { class: "drop overflow-auto! max-h-80 cursor-default!", tabindex: 0, role: "group", "aria-label": labelled(name, spec) }, table);
  box.addEventListener("paste", (e) => { const raw = e.clipboardData?.getData("text") ?? ""; if (/[\t\n]/.test(raw)) { e.preventDefault(); take(raw); } });
  box.addEventListener("dragover", (e) => e.preventDefault());
  box.addEventListener("drop", async (e) => { e.preventDefault(); const dropped = e.dataTransfer?.files[0]; if (dropped) take(await dropped.text()); });
  const add = h("button", { type: "button", class: "btn btn-sm", click: () => { rows = [...rows, { ...rows.at(-1) }]; paint(); } }, icon("plus"), t.add_row);
  paint();
  return { element: h("div", {}, h("span", { class: "label" }, labelled(name, spec)), box, h("div", { class: "flex items-center gap-3 mt-2" }, add, h("span", { class: "ms-auto text-[13px] text-ink-3 max-sm:hidden" }, t.paste_hint))), read: () => rows, short: () => rows,
    units: (unit) => (unit === "row" ? rows.length : undefined) };
}
/** JSON for people: what fits on a line stays on it. */
function laid(value: unknown, indent = ""): string {
  const flat = JSON.stringify(value), deep = `${indent}  `;
  if (value === null || typeof value !== "object" || flat.length + indent.length <= 44) return flat.replace(/([,:])(?=["\d[{\-tfn])/g, "$1 ");
  const inner = Array.isArray(value) ? value.map((one) => laid(one, deep)) : Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${laid(v, deep)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${inner.map((one) => deep + one).join(",\n")}\n${indent}${close}`;
}
function json(name: string, spec: Spec, value: unknown, changed: Changed, t: Words): Control {
  const area = h("textarea", { class: "field mono", id: `in-${name}`, rows: 12, spellcheck: "false", input: changed });
  area.value = value === undefined ? "" : laid(value);
  const parse = (): unknown => JSON.parse(area.value);
  const read = (): unknown => { if (!area.value.trim() && spec.optional) return undefined; try { return parse(); } catch { area.focus(); throw new Error(t.bad_json); } };
  return { element: h("div", {}, h("label", { class: "label", for: area.id }, `${labelled(name, spec)} · ${t.json}`), area), read, short: () => { try { return parse(); } catch { return null; } } };
}
function small(name: string, spec: Spec, value: unknown, changed: Changed): Control {
  const id = `in-${name}`, start = value ?? spec.default, words = labelled(name, spec);
  if (spec.kind === "choice") {
    const select = h("select", { class: "field", id, change: changed }, ...(spec.choices ?? []).map((c) => h("option", { value: c, selected: c === start }, typeof c === "string" ? named(c) : c)));
    const read = (): unknown => spec.choices?.find((c) => String(c) === select.value);
    return { element: h("div", {}, h("label", { class: "label", for: id }, words), select), read, short: read };
  }
  if (spec.kind === "boolean") {
    const box = h("input", { type: "checkbox", id, checked: start === true, change: changed });
    return { element: h("label", { class: "check self-end" }, box, h("span", {}, words)), read: () => box.checked, short: () => box.checked };
  }
  const numeric = spec.kind === "number" || spec.kind === "integer";
  const ranged = numeric && spec.minimum !== undefined && spec.maximum !== undefined && spec.maximum - spec.minimum <= 1;
  const field = h("input", { type: ranged ? "range" : numeric ? "number" : "text", id, class: ranged ? "" : "field", min: spec.minimum, max: spec.maximum, step: ranged ? 0.01 : spec.kind === "integer" ? 1 : "any", value: start === undefined || start === null ? "" : String(start) });
  const shown = h("output", { class: "num text-[13px] text-ink-2", for: id });
  const tell = (): void => {
    if (ranged) { shown.textContent = Number(field.value).toFixed(2); field.style.setProperty("--v", `${((Number(field.value) - spec.minimum!) / (spec.maximum! - spec.minimum!)) * 100}%`); }
    changed();
  };
  field.addEventListener("input", tell);
  tell();
  const read = (): unknown => (field.value === "" ? undefined : numeric ? Number(field.value) : field.value);
  return { element: h("div", { class: ranged ? "sm:col-span-2" : "" }, h("div", { class: "flex justify-between" }, h("label", { class: "label", for: id }, words), shown), field), read, short: read };
}
export function control(name: string, spec: Spec, value: unknown, changed: Changed, t: Words): Control {
  if (MEDIA.includes(spec.kind)) return files(name, spec, value, changed, t);
  if (spec.kind === "text" || spec.kind === "texts") return text(name, spec, value, changed, t);
  if (spec.kind === "series") return series(name, spec, value, changed, t);
  if (spec.kind === "table" && Array.isArray(value) && value.length) return grid(name, spec, value, changed, t);
  if (["number", "integer", "boolean", "choice", "string"].includes(spec.kind)) return small(name, spec, value, changed);
  return json(name, spec, value, changed, t);
}
