// Writes src/styles/tokens.css from tokens.json: roles, not colours; dark overrides the same roles.
import fs from "node:fs";

const tokens = JSON.parse(fs.readFileSync(new URL("../tokens.json", import.meta.url), "utf8"));
const rules = (theme) => Object.entries(tokens[theme]).map(([role, { oklch }]) => `  --${role}: oklch(${oklch});`).join("\n");
const utilities = Object.keys(tokens.light).map((role) => `  --color-${role}: var(--${role});`).join("\n");
const css = `/* Generated from tokens.json by build/tokens.mjs. */
:root {\n  color-scheme: light;\n${rules("light")}\n}
[data-theme="dark"] {\n  color-scheme: dark;\n${rules("dark")}\n}
@theme inline {\n${utilities}\n}\n`;
fs.writeFileSync(new URL("../src/styles/tokens.css", import.meta.url), css);
