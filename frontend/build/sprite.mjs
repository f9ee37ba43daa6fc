// Gathers the icons that the pages use into one sprite, public/icons.svg.
import fs from "node:fs";

const names = `box camera circle circle-stop columns-3 gauge git-branch mic scroll-text settings star webhook activity arrow-right arrow-up-right audio-lines book-open boxes chart-column chart-line check chevron-down
chevron-right circle-alert circle-check clock code copy credit-card download file-text image key-round languages layers
layout-grid list-checks log-out menu moon play plus receipt-text rotate-ccw search server shield-check sliders-horizontal
sun table trash-2 type upload users x bell refresh-cw undo-2`.split(/\s+/);
const root = new URL("../", import.meta.url);
const symbols = names.map((name) => {
  const svg = fs.readFileSync(new URL(`node_modules/lucide-static/icons/${name}.svg`, root), "utf8");
  const inner = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>")).replace(/\n\s*/g, "");
  return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">${inner}</symbol>`;
});
fs.mkdirSync(new URL("public/", root), { recursive: true });
fs.writeFileSync(new URL("public/icons.svg", root), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`);
