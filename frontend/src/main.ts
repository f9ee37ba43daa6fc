/** The shell of every page: htmx, search palette, theme, language, copying, and widths that come from data. */
import "./styles/app.css";
import htmx from "htmx.org";
import "idiomorph/htmx";
import { toast } from "./dom";

htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.historyCacheSize = 0;
htmx.config.refreshOnHistoryMiss = true;

const remember = (name: string, value: string): void => { document.cookie = `${name}=${value};path=/;max-age=31536000;samesite=lax`; };

/** The content policy forbids style attributes; lengths from data are set through the CSSOM. */
function widths(root: ParentNode): void {
  for (const bar of root.querySelectorAll<HTMLElement>("[data-width]")) bar.style.width = `${bar.dataset.width}%`;
}
async function copy(button: HTMLElement): Promise<void> {
  const source = button.dataset.copy ? document.getElementById(button.dataset.copy)?.textContent ?? "" : "";
  try { await navigator.clipboard.writeText(source); } catch { toast(button.dataset.failed ?? "Select the text and copy it by hand."); return; }
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
document.addEventListener("keydown", (event) => {
  const typing = (event.target as Element).matches("input, textarea, select, [contenteditable]");
  const palette = document.getElementById("palette") as HTMLDialogElement | null;
  if (palette && ((event.key === "k" && (event.metaKey || event.ctrlKey)) || (event.key === "/" && !typing))) { event.preventDefault(); if (!palette.open) palette.showModal(); }
  if (palette?.open && (event.key === "ArrowDown" || event.key === "ArrowUp" || event.key === "Enter")) {
    const rows = [...palette.querySelectorAll<HTMLAnchorElement>(".pal")];
    const at = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
    if (event.key === "Enter") { rows[Math.max(at, 0)]?.click(); return; }
    event.preventDefault();
    const next = Math.max(0, Math.min(rows.length - 1, at + (event.key === "ArrowDown" ? 1 : -1)));
    rows.forEach((row, index) => row.setAttribute("aria-selected", String(index === next)));
    rows[next]?.scrollIntoView({ block: "nearest" });
    palette.querySelector("input")?.setAttribute("aria-activedescendant", rows[next]?.id ?? "");
  }
});
document.addEventListener("htmx:load", (event) => widths((event as CustomEvent<{ elt: Element }>).detail.elt));
document.addEventListener("htmx:responseError", () => toast(document.body.dataset.failed ?? ""));
document.addEventListener("htmx:sendError", () => toast(document.body.dataset.failed ?? ""));
widths(document);
// On a narrow screen the results come first; the filters open on demand.
if (innerWidth < 1024) document.getElementById("facets")?.removeAttribute("open");
