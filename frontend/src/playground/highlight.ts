/** A small colouring of code: words of the language, texts, numbers, comments. Built as nodes, never as HTML. */
import { h } from "../dom";

const TOKEN = /("""[\s\S]*?"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)|\b(from|import|print|const|await|async|new|var|class|public|static|void|throws|return|None|True|False|null|true|false|curl)\b|\b(\d+(?:\.\d+)?)\b/g;

export function highlight(code: string): (Node | string)[] {
  const found: (Node | string)[] = [];
  let at = 0;
  for (const match of code.matchAll(TOKEN)) {
    found.push(code.slice(at, match.index), h("span", { class: match[1] ? "s" : match[2] ? "k" : "n" }, match[0]));
    at = match.index + match[0].length;
  }
  return [...found, code.slice(at)];
}
