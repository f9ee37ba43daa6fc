/** <ts-playground>: form from the manifest, stored example at once, a live run on demand, and the code of the call. */
import { cookie, h, icon } from "../dom";
import { draw, tree } from "./draw";
import { highlight } from "./highlight";
import { control } from "./inputs";
import { snippet, type Language } from "./snippets";
import { learn } from "./parts";
import type { Config, Context, Control, Json } from "./types";

interface Problem { code?: string; title?: string; detail?: string; retryable?: boolean; errors?: { pointer: string; detail: string }[] }
const LANGUAGES: [string, string][] = [["python", "Python"], ["javascript", "JavaScript"], ["java", "Java"], ["curl", "cURL"]];

/** Money as the pages print it; calls cost fractions of a cent, so none of its places is cut. */
const money = (amount: number | string, currency: string): string => new Intl.NumberFormat("en", { style: "currency", currency, currencyDisplay: "narrowSymbol", maximumFractionDigits: 10 }).format(Number(amount));

class Playground extends HTMLElement {
  private config!: Config;
  private inputs: Record<string, Control> = {};
  private parameters: Record<string, Control> = {};
  private out = h("div", { class: "min-h-60", "aria-live": "polite" });
  private meta = h("span", { class: "text-ink-3 text-[13px] num", "data-meta": true });
  private cost = h("b", { class: "num text-ink font-medium" });
  private code = h("pre", { class: "code max-h-[520px]", id: "snippet", tabindex: 0 });
  private runButton = h("button", { type: "submit", class: "btn btn-primary" });
  private language: Language = "python";
  private result: Json = null;
  private shown: Context | null = null;
  private asJson = false;

  connectedCallback(): void {
    const data = this.querySelector("script[type='application/json']");
    if (!data?.textContent) return;
    this.config = JSON.parse(data.textContent) as Config;
    const { t, example } = this.config;
    learn(this.config.names, example);
    const changed = (): void => { if (this.code.isConnected) { this.showCode(); this.showCost(); } };
    // What the example fills comes first: a picture before the text that may stand in its place.
    const filled = ([name]: [string, unknown]): number => (example?.input[name] === undefined ? 1 : 0);
    for (const [name, spec] of Object.entries(this.config.inputs).sort((a, b) => filled(a) - filled(b))) this.inputs[name] = control(name, spec, example?.input[name], changed, t);
    for (const [name, spec] of Object.entries(this.config.parameters)) this.parameters[name] = control(name, spec, example?.parameters[name], changed, t);
    this.runButton.append(icon("play"), h("span", {}, t.run), h("span", { class: "kbd max-sm:hidden", "aria-hidden": "true" }, "⌘↵"));
    this.replaceChildren(h("div", { class: "grid lg:grid-cols-[minmax(0,5fr)_minmax(0,6fr)] grid-cols-[minmax(0,1fr)] gap-4 items-start" }, this.form(), this.output()), this.snippets());
    this.result = example?.output ?? null;
    this.meta.textContent = this.result !== null ? t.stored ?? "" : "";
    this.shown = this.context();
    this.show();
    this.showCode();
    this.showCost();
  }
  private form(): HTMLElement {
    const { t } = this.config, parameters = Object.values(this.parameters);
    const form = h("form", { class: "card overflow-hidden", submit: (e) => { e.preventDefault(); void this.run(); } },
      h("div", { class: "panel-h" }, h("h2", {}, t.input)),
      h("div", { class: "p-4 grid gap-4 grid-cols-[minmax(0,1fr)]" }, ...Object.values(this.inputs).map((c) => c.element),
        parameters.length ? h("div", { class: "grid gap-4 sm:grid-cols-2" }, ...parameters.map((c) => c.element)) : null),
      h("div", { class: "panel-f" }, h("span", { class: "text-ink-3" }, `${t.this_run} ≈ `, this.cost), h("span", { class: "ms-auto" }), this.action()));
    form.addEventListener("keydown", (e) => { if (e.key === "Enter" && (e.metaKey || e.ctrlKey)) { e.preventDefault(); void this.run(); } });
    return form;
  }
  private output(): HTMLElement {
    const { t } = this.config;
    return h("section", { class: "card overflow-hidden", "aria-label": t.output }, h("div", { class: "panel-h" }, h("h2", {}, t.output), this.meta, this.switch(t.output!, [["preview", t.preview!], ["json", "JSON"]], "preview", (v) => { this.asJson = v === "json"; this.show(); })), this.out);
  }
  private snippets(): HTMLElement {
    const { t } = this.config;
    return h("section", { class: "card overflow-hidden mt-4", "aria-label": t.code }, h("div", { class: "panel-h" }, h("h2", {}, t.code), h("span", { class: "text-ink-3 text-[13px]" }, this.config.key ? t.follows : t.follows_blank),
      this.switch(t.code_language!, LANGUAGES, "python", (v) => { this.language = v as Language; this.showCode(); }),
      h("button", { type: "button", class: "btn btn-sm btn-icon", "data-copy": "snippet", "data-copied": t.copied, "aria-label": t.copy }, icon("copy"))), this.code);
  }
  private action(): HTMLElement {
    const { t, model } = this.config;
    if (!this.config.signedIn) return h("a", { class: "btn btn-primary", href: `/signup/?next=/models/${model}/` }, t.sign_up);
    if (!this.config.subscribed) return h("a", { class: "btn btn-primary", href: `/models/${model}/subscribe/` }, t.subscribe);
    return this.runButton;
  }
  private switch(label: string, options: [string, string][], chosen: string, pick: (value: string) => void): HTMLElement {
    const box = h("div", { class: "seg ms-auto", role: "group", "aria-label": label });
    for (const [value, words] of options) box.append(h("button", { type: "button", "aria-pressed": String(value === chosen), click: (e) => {
      for (const other of box.children) other.setAttribute("aria-pressed", String(other === e.currentTarget));
      pick(value);
    } }, words));
    return box;
  }
  /** The pictures and the sound that a result is drawn over: those of the run it came from. */
  private context(): Context {
    const kinds = Object.entries(this.config.inputs), of = (...kind: string[]): string[] => kinds.filter(([, spec]) => kind.includes(spec.kind)).flatMap(([name]) => this.inputs[name]?.preview?.() ?? []);
    const images = of("image", "images");
    return { image: images.at(-1), images, audio: of("audio")[0], t: this.config.t };
  }
  private show(): void {
    const { output, t } = this.config;
    this.out.classList.remove("stale");
    if (this.result === null || this.result === undefined) { this.out.replaceChildren(h("div", { class: "empty" }, icon("play"), h("p", {}, t.example_missing))); return; }
    this.out.replaceChildren(this.asJson ? h("div", { class: "tree p-4", tabindex: 0, role: "group", "aria-label": "JSON" }, tree(this.result)) : draw(output, this.result, this.shown!));
  }
  private call(): { input: Record<string, unknown>; parameters: Record<string, unknown> } {
    const short = (group: Record<string, Control>): Record<string, unknown> => Object.fromEntries(Object.entries(group).map(([k, c]) => [k, c.short()]));
    return { input: short(this.inputs), parameters: short(this.parameters) };
  }
  private showCode(): void {
    this.code.replaceChildren(...highlight(snippet(this.language, { origin: this.config.origin || location.origin, key: this.config.key, model: this.config.model, ...this.call() })));
  }
  private showCost(): void {
    const { amount, currency, unit } = this.config.price;
    const counted = Object.values(this.inputs).map((c) => c.units?.(unit)).filter((n) => n !== undefined);
    const units = unit === "call" || unit === "page" ? 1 : counted.length ? counted.reduce((a, b) => a + b, 0) : undefined;
    this.cost.textContent = units === undefined ? this.config.unitPrice : money(Number(amount) * units, currency);
  }
  private async run(): Promise<void> {
    const { t, model } = this.config;
    if (this.runButton.getAttribute("aria-busy") === "true" || !this.runButton.isConnected) return;
    this.runButton.setAttribute("aria-busy", "true");
    if (this.result !== null) this.out.classList.add("stale");
    else this.out.replaceChildren(h("div", { class: "skeleton m-4 h-48" }));
    const wait = this.config.coldMs === null ? "" : ` · ${t.expected} ${(this.config.coldMs / 1000).toFixed(1)} s`;
    this.meta.textContent = this.config.pool === "hot" ? t.running ?? "" : `${t.starting}${wait}`;
    const started = performance.now();
    try {
      const gather = async (group: Record<string, Control>): Promise<Record<string, unknown>> => Object.fromEntries((await Promise.all(Object.entries(group).map(async ([k, c]) => [k, await c.read()] as const))).filter(([, v]) => v !== undefined));
      const body = JSON.stringify({ input: await gather(this.inputs), parameters: await gather(this.parameters) });
      const answer = await fetch(`/api/v1/models/${model}/predictions`, { method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": cookie(this.config.csrfCookie), Prefer: "wait=60" }, body });
      const document = await answer.json() as { output?: Json; error?: Problem; usage?: { cost: string; currency: string } } & Problem;
      if (!answer.ok || document.error) { this.fail(document.error ?? document); return; }
      this.result = document.output;
      this.config.pool = "hot";
      this.shown = this.context();
      this.show();
      const paid = document.usage ? money(document.usage.cost, document.usage.currency) : "";
      this.meta.textContent = [`${Math.round(performance.now() - started)} ms`, paid].filter(Boolean).join(" · ");
    } catch (error) { this.fail({ title: t.failed, detail: error instanceof Error ? error.message : "" }); }
    finally { this.runButton.setAttribute("aria-busy", "false"); }
  }
  private fail(problem: Problem): void {
    const { t } = this.config;
    this.meta.textContent = "";
    this.out.classList.remove("stale");
    this.result = null;
    this.out.replaceChildren(h("div", { class: "p-4" }, h("div", { class: "empty dashed", role: "alert" }, icon("circle-alert"), h("b", {}, problem.detail || problem.title || t.failed),
      ...(problem.errors ?? []).map((e) => h("p", {}, h("code", {}, e.pointer), ` ${e.detail}`)), problem.code ? h("a", { href: `/docs/errors/#${problem.code}`, class: "mono prose-link" }, problem.code) : null,
      h("button", { type: "button", class: "btn mt-2", click: () => void this.run() }, t.again))));
  }
}
/** <ts-result>: a stored result alone, as on the front page. */
class Result extends HTMLElement {
  connectedCallback(): void {
    const data = this.querySelector("script[type='application/json']");
    if (!data?.textContent) return;
    const { example, output, t, names } = JSON.parse(data.textContent) as Config;
    learn(names, example);
    const pictures = Object.values(example?.input ?? {}).map((value) => (value as { $url?: string } | null)?.$url).filter((url): url is string => Boolean(url));
    if (example?.output) this.replaceChildren(draw(output, example.output, { image: pictures.at(-1), images: pictures, audio: pictures[0], t }));
  }
}
customElements.define("ts-playground", Playground);
customElements.define("ts-result", Result);
