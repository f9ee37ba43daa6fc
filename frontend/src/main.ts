/** The shell of every page: htmx, palette, theme, language, copying, confirming, comparing, and widths from data. */
import "./styles/app.css";
import htmx from "htmx.org";
import { Idiomorph } from "idiomorph/htmx";
import { startComparing } from "./compare";
import { startConfirming } from "./confirm";
import { toast } from "./dom";
import { startPalette } from "./palette";

htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.historyCacheSize = 0;
htmx.config.refreshOnHistoryMiss = true;

// A fold stays as the person left it, whatever the fresh part of the page says.
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name) => !["open", "data-unfolded", "aria-expanded"].includes(name);
// The answer to a form that has changed since is dropped: the question about what stands there now is queued already.
const asked = (data: FormData): string => [...new URLSearchParams(data as unknown as Record<string, string>)].map(String).sort().join("\n");
document.addEventListener("htmx:beforeSwap", (event) => {
  const { detail } = event as CustomEvent<{ requestConfig: { elt: Element; formData: FormData }; shouldSwap: boolean }>;
  const { elt, formData } = detail.requestConfig;
  if (elt instanceof HTMLFormElement && asked(new FormData(elt)) !== asked(formData)) detail.shouldSwap = false;
});

const remember = (name: string, value: string): void => { document.cookie = `${name}=${value};path=/;max-age=31536000;samesite=lax`; };

/** The content policy forbids style attributes; lengths from data are set through the CSSOM. */
function dress(root: ParentNode): void {
  for (const bar of root.querySelectorAll<HTMLElement>("[data-width]")) bar.style.width = `${bar.dataset.width}%`;
  for (const field of root.querySelectorAll<HTMLElement>("[data-indent]")) field.style.marginInlineStart = `${Number(field.dataset.indent) * 16}px`;
  for (const range of root.querySelectorAll<HTMLInputElement>("input[type=range]")) fill(range);
}
/** The part of a slider's track that lies behind its thumb. */
function fill(range: HTMLInputElement): void {
  const low = Number(range.min || 0), high = Number(range.max || 100);
  range.style.setProperty("--v", `${((Number(range.value) - low) / (high - low)) * 100}%`);
}
document.addEventListener("input", (event) => {
  if (event.target instanceof HTMLInputElement && event.target.type === "range") fill(event.target);
});
async function copy(button: HTMLElement): Promise<void> {
  const source = button.dataset.copy ? document.getElementById(button.dataset.copy)?.textContent ?? "" : "";
  try { await navigator.clipboard.writeText(source.trim()); } catch { toast(document.body.dataset.copyFailed ?? ""); return; }
  const use = button.querySelector("use");
  const before = use?.getAttribute("href") ?? "";
  use?.setAttribute("href", "/static/icons.svg#check");
  const live = document.getElementById("live");
  if (live) live.textContent = button.dataset.copied ?? "Copied";
  setTimeout(() => use?.setAttribute("href", before), 1500);
}
document.addEventListener("click", (event) => {
  const target = event.target as Element;
  if (target instanceof HTMLDialogElement) target.close();
  const button = target.closest<HTMLElement>("[data-copy],[data-theme-switch],[data-language],[data-open],[data-close],[data-unfold]");
  if (!button) return;
  const { copy: source, language, open } = button.dataset;
  if (source !== undefined) void copy(button);
  if (button.dataset.themeSwitch !== undefined) {
    const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    remember("theme", theme);
  }
  if (language) { remember("django_language", language); location.reload(); }
  if (open) { const dialog = document.getElementById(open) as HTMLDialogElement; if (!dialog.open) dialog.showModal(); }
  if (button.dataset.unfold) button.setAttribute("aria-expanded", String(document.getElementById(button.dataset.unfold)!.toggleAttribute("data-unfolded")));
  if (button.dataset.close !== undefined) button.closest("dialog")?.close();
});
document.addEventListener("change", (event) => {
  const form = (event.target as HTMLElement).closest<HTMLFormElement>("form[data-submit-on-change]");
  form?.requestSubmit();
});
document.addEventListener("htmx:load", (event) => dress((event as CustomEvent<{ elt: Element }>).detail.elt));
for (const name of ["htmx:responseError", "htmx:sendError"]) document.addEventListener(name, () => toast(document.body.dataset.failed ?? ""));

dress(document);
startPalette();
startConfirming();
startComparing();
// A form that was sent keeps its button from being pressed twice; a download leaves the page as it is, so not for ever.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.defaultPrevented || !button) return;
  button.setAttribute("aria-busy", "true");
  setTimeout(() => button.removeAttribute("aria-busy"), 4000);
});
addEventListener("pageshow", (event) => { if (event.persisted) for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy"); });
// A form of groups shows the one that is chosen; the others send nothing.
document.querySelector("[data-group]")?.addEventListener("change", (event) => {
  const chosen = (event.target as HTMLSelectElement).value;
  for (const set of document.querySelectorAll<HTMLFieldSetElement>("[data-of]")) set.hidden = set.disabled = set.dataset.of !== chosen;
});
for (const dialog of document.querySelectorAll<HTMLDialogElement>("dialog[data-open-now]")) dialog.showModal();
// The first error gets the focus, and tells its field.
const fault = document.querySelector("form [role=alert]");
const wrong = fault?.parentElement?.querySelector<HTMLElement>("input, select, textarea");
if (wrong) { wrong.setAttribute("aria-invalid", "true"); wrong.focus(); }
// A toast goes by itself; one that can be undone stays until the pointer and the focus have left it for a while.
for (const message of document.querySelectorAll<HTMLElement>("#toasts .toast")) {
  const leave = (): void => { if (message.matches(":hover, :focus-within")) setTimeout(leave, 2000); else message.remove(); };
  setTimeout(leave, message.dataset.stays === undefined ? 6000 : 20000);
}