/** The tray of chosen cards; what is chosen lives in the session of the browser, the comparison itself in its address. */
const KEY = "compare";
const MOST = 5;
const read = (): string[] => { try { return JSON.parse(sessionStorage.getItem(KEY) ?? "[]") as string[]; } catch { return []; } };

export function startComparing(): void {
  const tray = document.getElementById("tray");
  const show = (): void => {
    const names = read();
    for (const box of document.querySelectorAll<HTMLInputElement>("[data-compare]")) {
      box.checked = names.includes(box.dataset.compare!);
      box.disabled = !box.checked && names.length >= MOST;
    }
    if (!tray) return;
    tray.hidden = names.length === 0;
    tray.querySelector("[data-count]")!.textContent = String(names.length);
    tray.querySelector("a")!.href = `/compare/?${new URLSearchParams(names.map((name) => ["m", name]))}`;
  };
  document.addEventListener("change", (event) => {
    const box = event.target as HTMLInputElement;
    const name = box.dataset?.compare;
    if (!name) return;
    event.stopPropagation(); // the cards stand in the form of the filters, which submits on change
    sessionStorage.setItem(KEY, JSON.stringify(box.checked ? [...read(), name].slice(0, MOST) : read().filter((one) => one !== name)));
    show();
  }, true);
  tray?.querySelector("[data-clear-compare]")?.addEventListener("click", () => { sessionStorage.removeItem(KEY); show(); });
  document.addEventListener("htmx:afterSettle", show);
  show();
}
