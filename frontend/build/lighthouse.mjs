// Prints the budgets' tables of a running instance, mobile: node build/lighthouse.mjs http://127.0.0.1:8000
// Lighthouse comes from npm, pinned; the browser is the system's Chromium.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const VERSION = "12.8.2";
const PAGES = ["/", "/models/", "/models/face-detect/", "/models/forecast-auto/", "/pricing/", "/docs/"];
const BUDGETS = { score: 95, lcp: 2000, cls: 0.05, tbt: 150, html: 20, shell: 30, css: 15, island: 15, catalogue: 50 };
const TRIES = 3; // a busy machine loses the browser's trace now and then, and Lighthouse then asks to be run again
const FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";
const CATEGORIES = "performance,accessibility,best-practices";
const url = (process.argv[2] ?? "http://127.0.0.1:8000").replace(/\/$/, "");
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lighthouse-"));
const env = { ...process.env, CHROME_PATH: process.env.CHROME_PATH ?? "/usr/bin/chromium" };
const kilobytes = (bytes) => Number((gzipSync(bytes).length / 1024).toFixed(1));

function report(page) {
  const file = path.join(folder, "report.json");
  for (let left = TRIES - 1; ; left -= 1) {
    try {
      execFileSync("npx", ["--yes", `lighthouse@${VERSION}`, url + page, "--quiet", "--output=json", `--output-path=${file}`, `--only-categories=${CATEGORIES}`, `--chrome-flags=${FLAGS}`],
        { env, stdio: ["ignore", "ignore", "pipe"] });
      const found = JSON.parse(fs.readFileSync(file, "utf8"));
      if (found.categories.performance.score !== null) return found;
    } catch (error) {
      if (left === 0) throw new Error(`${page}: ${error.stderr?.toString().trim() || error.message}`);
    }
    if (left === 0) throw new Error(`${page}: no score after ${TRIES} tries`);
  }
}

async function measured(page) {
  const { categories, audits } = report(page);
  const html = Buffer.from(await (await fetch(url + page)).arrayBuffer());
  const part = (name) => Math.round(categories[name].score * 100);
  const failing = Object.values(audits).filter((audit) => audit.score !== null && audit.score < 0.9 && ["accessibility", "best-practices"].some((name) => categories[name].auditRefs.some((ref) => ref.id === audit.id && ref.weight > 0)));
  return { page, performance: part("performance"), accessibility: part("accessibility"), practices: part("best-practices"),
    lcp: Math.round(audits["largest-contentful-paint"].numericValue), cls: Number(audits["cumulative-layout-shift"].numericValue.toFixed(3)), tbt: Math.round(audits["total-blocking-time"].numericValue),
    html_kb: kilobytes(html), misses: failing.map((audit) => audit.id).join(" ") };
}

/** What a page loads from the build, gzipped: the shell's script and styles, and each island on its own. */
function built() {
  const dist = fileURLToPath(new URL("../dist/", import.meta.url));
  const manifest = JSON.parse(fs.readFileSync(path.join(dist, "manifest.json"), "utf8"));
  const size = (file) => kilobytes(fs.readFileSync(path.join(dist, file)));
  const closure = (entry, seen = new Set()) => { seen.add(entry); for (const next of manifest[entry].imports ?? []) if (!seen.has(next)) closure(next, seen); return seen; };
  const shell = closure("src/main.ts");
  const css = new Set([...shell].flatMap((entry) => manifest[entry].css ?? []));
  const sum = (entries) => Number(entries.reduce((total, entry) => total + size(manifest[entry].file), 0).toFixed(1));
  const rows = [{ part: "shell", kind: "js", kb: sum([...shell]), budget: BUDGETS.shell }, { part: "shell", kind: "css", kb: Number([...css].reduce((total, file) => total + size(file), 0).toFixed(1)), budget: BUDGETS.css }];
  for (const [name, entry] of Object.entries(manifest)) if (entry.isEntry && name !== "src/main.ts") rows.push({ part: name, kind: "island", kb: sum([...closure(name)].filter((one) => !shell.has(one))), budget: BUDGETS.island });
  return rows;
}

/** The median time of the catalogue's first byte on a kept connection, over nine answers. */
async function catalogueMs() {
  const times = [];
  for (let turn = 0; turn < 10; turn += 1) {
    const before = performance.now();
    const answer = await fetch(`${url}/models/`);
    times.push(performance.now() - before);
    await answer.arrayBuffer();
  }
  return Number(times.slice(1).sort((a, b) => a - b)[4].toFixed(1));
}

const rows = [];
for (const page of PAGES) rows.push(await measured(page));
fs.rmSync(folder, { recursive: true });
const parts = built();
const catalogue = await catalogueMs();
const held = rows.every((row) => row.performance >= BUDGETS.score && row.lcp <= BUDGETS.lcp && row.cls <= BUDGETS.cls && row.tbt <= BUDGETS.tbt && row.html_kb <= BUDGETS.html)
  && parts.every((part) => part.kb <= part.budget) && catalogue <= BUDGETS.catalogue;
console.table(rows);
console.table(parts);
console.log(`catalogue page, first byte, median of nine: ${catalogue} ms`);
console.log(`budgets: performance ≥ ${BUDGETS.score}, LCP ≤ ${BUDGETS.lcp} ms, CLS ≤ ${BUDGETS.cls}, TBT ≤ ${BUDGETS.tbt} ms, HTML ≤ ${BUDGETS.html} kB, catalogue ≤ ${BUDGETS.catalogue} ms: ${held ? "held" : "NOT held"}`);
console.log(JSON.stringify({ held, catalogue_ms: catalogue, rows, parts }));
process.exitCode = held ? 0 : 1;
