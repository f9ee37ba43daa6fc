/** The same call in four languages, kept in step with the form. Media are named by a file, never pasted in. */
export type Language = "curl" | "python" | "javascript" | "java";
export interface Call { origin: string; model: string; input: Record<string, unknown>; parameters: Record<string, unknown> }

const clip = (_: string, value: unknown): unknown => Array.isArray(value) && value.length > 12 && typeof value[0] === "number" ? [...value.slice(0, 12)] : value;
export function snippet(language: Language, call: Call): string {
  const url = `${call.origin}/api/v1/models/${call.model}/predictions`;
  const body = JSON.stringify({ input: call.input, parameters: call.parameters }, clip, 2);
  if (language === "curl") return `curl ${url} \\\n  -H "Authorization: Bearer $TESSERA_API_KEY" \\\n  -H "Content-Type: application/json" \\\n  -d '${body.replaceAll("'", "'\\''")}'`;
  if (language === "python") return `import json, os, urllib.request\n\nbody = json.loads(r'''${body}''')\nrequest = urllib.request.Request(\n    "${url}",\n    data=json.dumps(body).encode(),\n    headers={"Authorization": "Bearer " + os.environ["TESSERA_API_KEY"], "Content-Type": "application/json"},\n)\nwith urllib.request.urlopen(request) as answer:\n    print(json.load(answer)["output"])`;
  if (language === "javascript") return `const answer = await fetch("${url}", {\n  method: "POST",\n  headers: { Authorization: \`Bearer \${process.env.TESSERA_API_KEY}\`, "Content-Type": "application/json" },\n  body: JSON.stringify(${body}),\n});\nconsole.log((await answer.json()).output);`;
  return `import java.net.URI;\nimport java.net.http.*;\n\nclass Call {\n  public static void main(String[] args) throws Exception {\n    var body = """\n        ${body.replaceAll("\\", "\\\\").replaceAll("\n", "\n        ")}""";\n    var request = HttpRequest.newBuilder(URI.create("${url}"))\n        .header("Authorization", "Bearer " + System.getenv("TESSERA_API_KEY"))\n        .header("Content-Type", "application/json")\n        .POST(HttpRequest.BodyPublishers.ofString(body)).build();\n    System.out.println(HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body());\n  }\n}`;
}
