/** <ts-playground>: form from the manifest, stored example at once, a live run on demand, and the code of the call. */
import { cookie, h, icon } from "../dom";
import { control, type Control, type Spec } from "./inputs";
import { draw, tree } from "./outputs";
import { snippet, type Language } from "./snippets";

interface Config {
  model: string; output: string; inputs: Record<string, Spec>; parameters: Record<string, Spec>;
  example: { input: Record<string, unknown>; parameters: Record<string, unknown>; output: unknown };
  price: string; state: string; signedIn: boolean; subscribed: boolean; csrfCookie: string; t: Record<string, string>;
}
interface Problem { code?: string; title?: string; detail?: string; errors?: { pointer: string; detail: string }[] }

/** A cost as the pages print money; calls cost fractions of a cent, so none of its places is cut. */
function money(amount: string, currency: string): string {
  return new Intl.NumberFormat("en", { style: "currency", currency, currencyDisplay: "narrowSymbol", maximumFractionDigits: 12 }).format(Number(amount));
}

class Playground extends HTMLElement {
  private config!: Config;
  private inputs: Record<string, Control> = {};
  private parameters: Record<string, Control> = {};
  private out = h("div", { class: "p-4 min-h-60", "aria-live": "polite" });
  private meta = h("span", { class: "text-ink-3 text-[13px] num", "data-meta": true });
  private code = h("pre", { class: "code", id: "snippet", tabindex: 0 });
  private runButton = h("button", { type: "submit", class: "btn btn-primary" });
  private language: Language = "python";
  private result: unknown;
  private asJson = false;

  connectedCallback(): void {
    const data = this.querySelector("script[type='application/json']");
    if (!data?.textContent || this.inputs === undefined) return;
    this.config = JSON.parse(data.textContent) as Config;
    const { t, example } = this.config;
    const changed = (): void => { if (this.code.isConnected) this.showCode(); };
    for (const [name, spec] of Object.entries(this.config.inputs)) this.inputs[name] = control(name, spec, example.input[name], changed, t);
    for (const [name, spec] of Object.entries(this.config.parameters)) this.parameters[name] = control(name, spec, example.parameters[name], changed, t);
    this.runButton.append(icon("play"), h("span", {}, t.run), h("span", { class: "kbd max-sm:hidden" }, "⌘↵"));
    const form = h("form", { class: "card", submit: (e) => { e.preventDefault(); void this.run(); } },
      h("div", { class: "panel-h" }, h("h2", {}, t.input)),
      h("div", { class: "p-4 grid gap-4 grid-cols-[minmax(0,1fr)]" }, ...Object.values(this.inputs).map((c) => c.element), ...Object.values(this.parameters).map((c) => c.element)),
      h("div", { class: "panel-h border-b-0 border-t border-line justify-between" }, h("span", { class: "text-ink-2" }, `${t.this_run} ≈ `, h("b", { class: "num text-ink" }, this.config.price)), this.action()));
    form.addEventListener("keydown", (e) => { if (e.key === "Enter" && (e.metaKey || e.ctrlKey)) { e.preventDefault(); void this.run(); } });
    this.replaceChildren(h("div", { class: "grid lg:grid-cols-[minmax(0,9fr)_minmax(0,11fr)] grid-cols-[minmax(0,1fr)] gap-4 items-start" }, form,
      h("section", { class: "card", "aria-label": t.output }, h("div", { class: "panel-h" }, h("h2", {}, t.output), this.meta, this.switch([["preview", t.preview!], ["json", "JSON"]], "preview", (v) => { this.asJson = v === "json"; this.show(); })), this.out)),
      h("section", { class: "card mt-4", "aria-label": t.code }, h("div", { class: "panel-h" }, h("h2", {}, t.code), h("span", { class: "text-ink-3 text-[13px]" }, t.follows),
        this.switch([["python", "Python"], ["javascript", "JavaScript"], ["java", "Java"], ["curl", "cURL"]], "python", (v) => { this.language = v as Language; this.showCode(); }),
        h("button", { type: "button", class: "btn btn-sm btn-icon", "data-copy": "snippet", "data-copied": t.copied, "aria-label": t.copy }, icon("copy"))), this.code));
    this.result = example.output;
    this.meta.textContent = t.stored ?? "";
    this.show();
    this.showCode();
  }
  private action(): HTMLElement {
    const { t } = this.config;
    if (!this.config.signedIn) return h("a", { class: "btn btn-primary", href: `/signup/?next=/models/${this.config.model}/` }, t.sign_up);
    if (!this.config.subscribed) return h("a", { class: "btn btn-primary", href: `/models/${this.config.model}/subscribe/` }, t.subscribe);
    return this.runButton;
  }
  private switch(options: [string, string][], chosen: string, pick: (value: string) => void): HTMLElement {
    const box = h("div", { class: "seg ml-auto" });
    for (const [value, label] of options) box.append(h("button", { type: "button", "aria-pressed": String(value === chosen), click: (e) => {
      for (const other of box.children) other.setAttribute("aria-pressed", String(other === e.currentTarget));
      pick(value);
    } }, label));
    return box;
  }
  private show(): void {
    const images = Object.values(this.inputs).flatMap((c) => c.preview?.() ?? []);
    this.out.classList.remove("stale");
    this.out.replaceChildren(this.asJson ? h("div", { class: "tree", tabindex: 0 }, tree(this.result)) : draw(this.config.output, this.result, { image: images[0], images, t: this.config.t }));
  }
  private showCode(): void {
    const values = (group: Record<string, Control>): Record<string, unknown> => Object.fromEntries(Object.entries(group).map(([k, c]) => [k, c.short()]));
    this.code.textContent = snippet(this.language, { origin: location.origin, model: this.config.model, input: values(this.inputs), parameters: values(this.parameters) });
  }
  private async run(): Promise<void> {
    if (!this.runButton.isConnected || this.runButton.getAttribute("aria-busy") === "true") return;
    const { t, model } = this.config;
    this.runButton.setAttribute("aria-busy", "true");
    this.out.classList.add("stale");
    this.meta.textContent = this.config.state === "hot" ? t.running ?? "" : t.starting ?? "";
    const started = performance.now();
    try {
      const gather = async (group: Record<string, Control>): Promise<Record<string, unknown>> => Object.fromEntries((await Promise.all(Object.entries(group).map(async ([k, c]) => [k, await c.read()] as const))).filter(([, v]) => v !== undefined));
      const body = JSON.stringify({ input: await gather(this.inputs), parameters: await gather(this.parameters) });
      const answer = await fetch(`/api/v1/models/${model}/predictions`, { method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": cookie(this.config.csrfCookie), Prefer: "wait=60" }, body });
      const document = await answer.json() as { output?: unknown; error?: Problem; usage?: { cost: string; currency: string } } & Problem;
      if (!answer.ok || document.error) { this.fail(document.error ?? document); return; }
      this.result = document.output;
      const paid = document.usage ? money(document.usage.cost, document.usage.currency) : "";
      this.config.state = "hot";
      this.show();
      this.meta.textContent = [`${Math.round(performance.now() - started)} ms`, paid].filter(Boolean).join(" · ");
    } catch (error) { this.fail({ title: t.failed, detail: error instanceof Error ? error.message : "" }); }
    finally { this.runButton.setAttribute("aria-busy", "false"); }
  }
  private fail(problem: Problem): void {
    this.meta.textContent = "";
    this.out.classList.remove("stale");
    this.out.replaceChildren(h("div", { class: "note note-bad", role: "alert" }, icon("circle-alert"), h("div", {}, h("p", { class: "font-semibold" }, problem.title ?? this.config.t.failed), h("p", {}, problem.detail ?? ""),
      ...(problem.errors ?? []).map((e) => h("p", {}, h("code", {}, e.pointer), ` ${e.detail}`)), problem.code ? h("p", { class: "mt-1" }, h("a", { href: `/docs/#errors`, class: "underline" }, problem.code)) : null)));
  }
}
customElements.define("ts-playground", Playground);
