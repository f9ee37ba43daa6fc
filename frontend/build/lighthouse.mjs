// Prints the budgets' table of a running instance, mobile: node build/lighthouse.mjs http://127.0.0.1:8000
// Lighthouse comes from npm, pinned; the browser is the system's Chromium.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const VERSION = "12.8.2";
const PAGES = ["/", "/models/", "/models/face-detect/", "/models/forecast-auto/", "/pricing/", "/docs/"];
const BUDGETS = { score: 95, lcp: 2000, cls: 0.05, tbt: 150 };
const url = (process.argv[2] ?? "http://127.0.0.1:8000").replace(/\/$/, "");
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lighthouse-"));

const rows = PAGES.map((page) => {
  const file = path.join(folder, "report.json");
  execFileSync("npx", ["--yes", `lighthouse@${VERSION}`, url + page, "--quiet", "--output=json", `--output-path=${file}`, "--only-categories=performance,accessibility,best-practices",
    "--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run"], { env: { ...process.env, CHROME_PATH: process.env.CHROME_PATH ?? "/usr/bin/chromium" }, stdio: ["ignore", "ignore", "inherit"] });
  const { categories, audits } = JSON.parse(fs.readFileSync(file, "utf8"));
  return { page, score: Math.round(categories.performance.score * 100), accessibility: Math.round(categories.accessibility.score * 100), practices: Math.round(categories["best-practices"].score * 100),
    lcp: Math.round(audits["largest-contentful-paint"].numericValue), cls: Number(audits["cumulative-layout-shift"].numericValue.toFixed(3)), tbt: Math.round(audits["total-blocking-time"].numericValue) };
});
fs.rmSync(folder, { recursive: true });
console.table(rows);
const held = rows.every((row) => row.score >= BUDGETS.score && row.lcp <= BUDGETS.lcp && row.cls <= BUDGETS.cls && row.tbt <= BUDGETS.tbt);
console.log(`budgets: performance ≥ ${BUDGETS.score}, LCP ≤ ${BUDGETS.lcp} ms, CLS ≤ ${BUDGETS.cls}, TBT ≤ ${BUDGETS.tbt} ms: ${held ? "held" : "NOT held"}`);
console.log(JSON.stringify({ held, rows }));
process.exitCode = held ? 0 : 1;
