/** ⌘K: one list of pages, chapters and models, moved through by arrow keys. */
export function startPalette(): void {
  const palette = document.getElementById("palette") as HTMLDialogElement | null;
  if (!palette) return;
  const rows = (): HTMLAnchorElement[] => [...palette.querySelectorAll<HTMLAnchorElement>(".pal")];
  const choose = (place: number): void => {
    rows().forEach((row, index) => row.setAttribute("aria-selected", String(index === place)));
    const row = rows()[place];
    row?.scrollIntoView({ block: "nearest" });
    palette.querySelector("input")?.setAttribute("aria-activedescendant", row?.id ?? "");
  };
  document.addEventListener("keydown", (event) => {
    const typing = (event.target as Element).matches("input, textarea, select, [contenteditable]");
    const asked = (event.key === "k" && (event.metaKey || event.ctrlKey)) || (event.key === "/" && !typing);
    if (asked) { event.preventDefault(); if (!palette.open) palette.showModal(); return; }
    if (!palette.open || !["ArrowDown", "ArrowUp", "Enter"].includes(event.key)) return;
    const at = rows().findIndex((row) => row.getAttribute("aria-selected") === "true");
    event.preventDefault();
    if (event.key === "Enter") rows()[Math.max(at, 0)]?.click();
    else choose(Math.max(0, Math.min(rows().length - 1, at + (event.key === "ArrowDown" ? 1 : -1))));
  });
}
