/** The shell of every page: htmx, palette, theme, language, copying, confirming, comparing, and widths from data. */
import "./styles/app.css";
import htmx from "htmx.org";
import "idiomorph/htmx";
import { startComparing } from "./compare";
import { startConfirming } from "./confirm";
import { toast } from "./dom";
import { startPalette } from "./palette";

htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.historyCacheSize = 0;
htmx.config.refreshOnHistoryMiss = true;

const remember = (name: string, value: string): void => { document.cookie = `${name}=${value};path=/;max-age=31536000;samesite=lax`; };

/** The content policy forbids style attributes; lengths from data are set through the CSSOM. */
function dress(root: ParentNode): void {
  for (const bar of root.querySelectorAll<HTMLElement>("[data-width]")) bar.style.width = `${bar.dataset.width}%`;
  for (const field of root.querySelectorAll<HTMLElement>("[data-indent]")) field.style.marginInlineStart = `${Number(field.dataset.indent) * 16}px`;
}
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
  const button = target.closest<HTMLElement>("[data-copy],[data-theme-switch],[data-language],[data-open],[data-close]");
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
for (const dialog of document.querySelectorAll<HTMLDialogElement>("dialog[data-open-now]")) dialog.showModal();
// The first error gets the focus, and tells its field.
const fault = document.querySelector("form [role=alert]");
const wrong = fault?.parentElement?.querySelector<HTMLElement>("input, select, textarea");
if (wrong) { wrong.setAttribute("aria-invalid", "true"); wrong.focus(); }
for (const message of document.querySelectorAll("#toasts .toast")) setTimeout(() => message.remove(), 6000);
// On a narrow screen the results come first; the filters open on demand.
if (innerWidth < 1024) document.getElementById("facets")?.removeAttribute("open");
