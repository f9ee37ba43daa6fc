/** Prints what a model's page offers to paste, in each language, for one call with a picture and one with a text. */
import { pathToFileURL } from "node:url";

const { SNIPPETS, BASE_URL, API_KEY } = process.env;
const { snippet } = await import(pathToFileURL(SNIPPETS));
const call = (model, input, parameters) => Object.fromEntries(["curl", "python", "javascript", "java"].map((language) =>
  [language, snippet(language, { origin: BASE_URL, key: API_KEY, model, input, parameters })]));
console.log(JSON.stringify({
  image: call("face-detect", { image: { file: "photo.jpg" } }, { threshold: 0.5 }),
  text: call("pii-redact", { text: "It's \"100%\" — write to jane.roe@example.com\n今天" }, {}),
}));
