/** <ts-job>: the log and the progress of a running job, live by server-sent events; the page is read anew at its end,
    but for its toasts: a job may be over before anybody has read that it was begun. */
import { h } from "../dom";

interface Status { status: string; error?: { code: string; detail: string }; reason?: string }
interface Progress { progress: number; stage?: string }

class LiveJob extends HTMLElement {
  private source?: EventSource;
  private seen = Number(this.dataset.last ?? 0);

  connectedCallback(): void {
    if (this.dataset.open === undefined) return;
    const words = (JSON.parse(this.querySelector("script")!.textContent!) as { statuses: Record<string, string> }).statuses;
    this.source = new EventSource(`/api/v1/predictions/${this.dataset.id}/events`);
    this.source.addEventListener("status", (event) => {
      const data = JSON.parse(event.data as string) as Status;
      const word = words[data.status] ?? data.status;
      this.note(event, "status", data.error ? `${word}: ${data.error.code} ${data.error.detail}` : word);
      this.set("[data-status]", word);
    });
    this.source.addEventListener("progress", (event) => {
      const data = JSON.parse(event.data as string) as Progress;
      const percent = Math.round(data.progress * 100);
      this.note(event, "progress", `${percent} % ${data.stage ?? ""}`);
      this.set("[data-percent]", `${percent} %`);
      if (data.stage) this.set("[data-stage]", data.stage);
      this.querySelector<HTMLElement>("[data-bar]")!.style.width = `${percent}%`;
      this.querySelector("[role=progressbar]")!.setAttribute("aria-valuenow", String(percent));
    });
    this.source.addEventListener("prediction", () => { this.source?.close(); void anew(); });
  }
  disconnectedCallback(): void { this.source?.close(); }
  private set(selector: string, text: string): void { const found = this.querySelector(selector); if (found) found.textContent = text; }
  private note(event: MessageEvent, kind: string, text: string): void {
    const sequence = Number(event.lastEventId);
    if (sequence <= this.seen) return; // the stream begins at the start; the page had these already
    this.seen = sequence;
    const log = this.querySelector("[data-log]")!;
    log.append(h("li", {}, h("span", { class: "c" }, sequence), "  ", h("span", { class: "k" }, kind), `  ${text}`));
    log.scrollTop = log.scrollHeight;
  }
}
async function anew(): Promise<void> {
  const answer = await fetch(location.href);
  const main = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
  if (answer.ok && main) document.querySelector("main")!.replaceWith(main); else location.reload();
}
customElements.define("ts-job", LiveJob);
