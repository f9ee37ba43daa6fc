/** Small builders: elements are made through the DOM, never from strings of HTML. */
type Child = Node | string | number | null | undefined;
type Attributes = Record<string, string | number | boolean | EventListener | undefined>;

function fill<T extends Element>(element: T, attributes: Attributes, children: Child[]): T {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child !== null && child !== undefined) element.append(child instanceof Node ? child : String(child));
  return element;
}
export const h = <K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] =>
  fill(document.createElement(tag), attributes, children);
export const s = (tag: string, attributes: Attributes = {}, ...children: Child[]): SVGElement =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag) as SVGElement, attributes, children);
export const icon = (name: string): SVGElement => s("svg", { class: "i", "aria-hidden": "true" }, s("use", { href: `/static/icons.svg#${name}` }));
export const cookie = (name: string): string => document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
export function toast(text: string): void {
  const box = h("div", { class: "toast", role: "status" }, text);
  document.getElementById("toasts")?.append(box);
  setTimeout(() => box.remove(), 5000);
}
