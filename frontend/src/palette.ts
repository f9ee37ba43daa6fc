/** ⌘K: one list of pages, chapters and models, moved through by arrow keys. */
export function startPalette(): void {
  const palette = document.getElementById("palette") as HTMLDialogElement | null;
  const input = palette?.querySelector("input");
  const list = palette?.querySelector("[role=listbox]");
  if (!palette || !input || !list) return;
  let asked = "", answered = ""; // words on their way, and those that the list answers
  let entered = false; // Enter waits for the list that answers the present words
  const rows = (): HTMLAnchorElement[] => [...palette.querySelectorAll<HTMLAnchorElement>(".pal")];
  const chosen = (): number => rows().findIndex((row) => row.getAttribute("aria-selected") === "true");
  const choose = (place: number): void => {
    rows().forEach((row, index) => row.setAttribute("aria-selected", String(index === place)));
    const row = rows()[place];
    row?.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", row?.id ?? "");
  };
  const open = (): void => rows()[Math.max(chosen(), 0)]?.click();
  let kept: string | null = null; // the row that arrow keys chose; it stays chosen where it is found again
  const tell = (): void => list.setAttribute("aria-busy", String(answered !== input.value));
  input.addEventListener("input", () => { kept = null; tell(); });
  palette.addEventListener("htmx:beforeRequest", () => { asked = input.value; });
  palette.addEventListener("htmx:afterSwap", () => {
    answered = asked;
    tell();
    const again = kept === null ? -1 : rows().findIndex((row) => row.getAttribute("href") === kept);
    if (again >= 0) choose(again);
    if (entered && answered === input.value) { entered = false; open(); }
  });
  for (const name of ["htmx:responseError", "htmx:sendError"]) palette.addEventListener(name, () => { answered = asked; entered = false; tell(); });
  document.addEventListener("keydown", (event) => {
    const typing = (event.target as Element).matches("input, textarea, select, [contenteditable]");
    const asked = (event.key === "k" && (event.metaKey || event.ctrlKey)) || (event.key === "/" && !typing);
    if (asked) { event.preventDefault(); if (!palette.open) palette.showModal(); return; }
    if (!palette.open || !["ArrowDown", "ArrowUp", "Enter"].includes(event.key)) return;
    event.preventDefault();
    if (event.key === "Enter") {
      if (answered !== input.value) entered = true; else open();
      return;
    }
    choose(Math.max(0, Math.min(rows().length - 1, chosen() + (event.key === "ArrowDown" ? 1 : -1))));
    kept = rows()[chosen()]?.getAttribute("href") ?? null;
  });
}
