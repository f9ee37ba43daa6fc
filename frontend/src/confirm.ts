/** Forms that can't be undone ask first: data-confirm is the question, data-detail the consequence, data-yes the button. */
export function startConfirming(): void {
  const dialog = document.getElementById("confirm") as HTMLDialogElement | null;
  const yes = dialog?.querySelector<HTMLButtonElement>("[data-yes]");
  if (!dialog || !yes) return;
  let asking: HTMLFormElement | null = null;
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (form.dataset.confirm === undefined || form.dataset.sure !== undefined) return;
    event.preventDefault();
    asking = form;
    dialog.querySelector("h2")!.textContent = form.dataset.confirm;
    dialog.querySelector("[data-detail]")!.textContent = form.dataset.detail ?? "";
    yes.textContent = form.dataset.yes ?? "OK";
    dialog.showModal();
  });
  yes.addEventListener("click", () => {
    if (!asking) return;
    asking.dataset.sure = "";
    asking.requestSubmit();
    dialog.close();
  });
}
