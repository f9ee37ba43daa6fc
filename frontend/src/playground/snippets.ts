/** The same call in four languages, kept in step with the form; media are read from files, so that the code runs as it stands. */
import type { FileName } from "./types";

export type Language = "curl" | "python" | "javascript" | "java";
export interface Call { origin: string; key: string; model: string; input: Record<string, unknown>; parameters: Record<string, unknown> }
const RESERVED = ["input", "parameters", "version", "metadata", "idempotency_key"];

const isFile = (value: unknown): value is FileName => typeof value === "object" && value !== null && "file" in value;
const holdsFile = (value: unknown): boolean => isFile(value) || (Array.isArray(value) && value.some(isFile));
const clean = (part: Record<string, unknown>): Record<string, unknown> => Object.fromEntries(Object.entries(part).filter(([, v]) => v !== undefined));
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** JSON with short lists on one line, as people write it. */
function pretty(value: unknown, indent = 2): string {
  return JSON.stringify(value, null, indent).replace(/\[\s+([^[\]{}]*?)\s+\]/g, (_, inner: string) => `[${inner.replace(/\s*\n\s*/g, " ")}]`);
}
function curl(call: Call, input: Record<string, unknown>, parameters: Record<string, unknown>): string {
  const head = `curl ${call.origin}/api/v1/models/${call.model}/predictions \\\n  -H "Authorization: Bearer ${call.key || "$TESSERA_API_KEY"}"`;
  if (!Object.values(input).some(holdsFile)) {
    const body = Object.keys(parameters).length ? { input, parameters } : { input };
    return `${head} \\\n  -H "Content-Type: application/json" \\\n  -d ${quoted(pretty(body))}`;
  }
  const fields = Object.entries({ ...input, ...parameters }).flatMap(([name, value]) => (holdsFile(value) ? [value].flat().map((one) => `-F ${quoted(`${name}=@${(one as FileName).file}`)}`) : [`--form-string ${quoted(`${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)}`]));
  return `${head} \\\n  ${fields.join(" \\\n  ")}`;
}
function literal(value: unknown, depth = 0): string {
  if (isFile(value)) return `Path(${JSON.stringify(value.file)})`;
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const pad = "    ".repeat(depth + 1), items = Array.isArray(value) ? value.map((v) => literal(v, depth + 1)) : Object.entries(value as object).map(([k, v]) => `${JSON.stringify(k)}: ${literal(v, depth + 1)}`);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const flat = `${open}${items.join(", ")}${close}`;
  return flat.length < 90 || (Array.isArray(value) && typeof value[0] !== "object") ? flat : `${open}\n${items.map((item) => pad + item).join(",\n")},\n${"    ".repeat(depth)}${close}`;
}
function python(call: Call, input: Record<string, unknown>, parameters: Record<string, unknown>): string {
  const whole = Object.keys(input).some((name) => RESERVED.includes(name));
  const given = whole ? [`input=${literal(input, 1)}`] : Object.entries(input).map(([name, value]) => `${name}=${literal(value, 1)}`);
  if (Object.keys(parameters).length) given.push(`parameters=${literal(parameters, 1)}`);
  const key = call.key ? `"${call.key}", ` : "";
  const files = Object.values(input).some(holdsFile) ? "from pathlib import Path\n\n" : "";
  return `${files}from tessera import AIClient\n\nclient = AIClient(${key}base_url="${call.origin}")\nprediction = client.models.get("${call.model}").predict(\n    ${given.join(",\n    ")},\n)\nprint(prediction.output)`;
}
function javascript(call: Call, input: Record<string, unknown>, parameters: Record<string, unknown>): string {
  const files = Object.values(input).some(holdsFile);
  const marked = JSON.stringify({ input, ...(Object.keys(parameters).length ? { parameters } : {}) }, (_, v: unknown) => (isFile(v) ? `\u0000${v.file}` : v), 2);
  const body = marked.replace(/\[\s+([^[\]{}]*?)\s+\]/g, (_, inner: string) => `[${inner.replace(/\s*\n\s*/g, " ")}]`).replace(/"\\u0000([^"]*)"/g, (_, file: string) => `await media("${file}")`);
  const read = files ? `import { readFile } from "node:fs/promises";\n\nconst media = async (path) => (await readFile(path)).toString("base64");\n` : "";
  return `${read}const answer = await fetch("${call.origin}/api/v1/models/${call.model}/predictions", {\n  method: "POST",\n  headers: { Authorization: ${call.key ? `"Bearer ${call.key}"` : "`Bearer ${process.env.TESSERA_API_KEY}`"}, "Content-Type": "application/json" },\n  body: JSON.stringify(${body.replaceAll("\n", "\n  ")}),\n});\nconsole.log((await answer.json()).output);`;
}
function java(call: Call, input: Record<string, unknown>, parameters: Record<string, unknown>): string {
  const names: string[] = [];
  const marked = JSON.stringify({ input, ...(Object.keys(parameters).length ? { parameters } : {}) }, (_, v: unknown) => (isFile(v) ? (names.push(v.file), "%s") : typeof v === "string" ? v.replaceAll("%", "%%") : v), 2);
  const body = marked.replace(/\[\s+([^[\]{}]*?)\s+\]/g, (_, inner: string) => `[${inner.replace(/\s*\n\s*/g, " ")}]`).replaceAll("\\", "\\\\").replaceAll("\n", "\n            ");
  const text = `"""\n            ${names.length ? body : body.replaceAll("%%", "%")}"""`;
  const media = names.length ? `.formatted(${names.map((name) => `media("${name}")`).join(", ")})` : "";
  const helper = names.length ? `\n    static String media(String path) throws Exception {\n        return Base64.getEncoder().encodeToString(Files.readAllBytes(Path.of(path)));\n    }\n` : "";
  const imports = ["java.net.URI", "java.net.http.*", ...(names.length ? ["java.nio.file.*", "java.util.Base64"] : [])].map((name) => `import ${name};`).join("\n");
  return `${imports}\n\nclass Call {${helper}\n    public static void main(String[] args) throws Exception {\n        var body = ${text}${media};\n        var request = HttpRequest.newBuilder(URI.create("${call.origin}/api/v1/models/${call.model}/predictions"))\n            .header("Authorization", "Bearer " + ${call.key ? `"${call.key}"` : 'System.getenv("TESSERA_API_KEY")'})\n            .header("Content-Type", "application/json")\n            .POST(HttpRequest.BodyPublishers.ofString(body)).build();\n        var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());\n        System.out.println(answer.body());\n    }\n}`;
}
export function snippet(language: Language, call: Call): string {
  return { curl, python, javascript, java }[language](call, clean(call.input), clean(call.parameters));
}
