/** Files of the browser: reading, decoding sounds to peaks, rows of a CSV. */
export function asDataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}
export async function bytesOf(address: string): Promise<ArrayBuffer> {
  if (!address.startsWith("data:")) return (await fetch(address)).arrayBuffer();
  const text = atob(address.slice(address.indexOf(",") + 1)); // the content policy lets fetch reach our own origin only
  return Uint8Array.from(text, (c) => c.charCodeAt(0)).buffer;
}
export interface Sound { peaks: number[]; seconds: number }

/** Loudness of a sound in equal steps, each 0 to 1, and its length. */
export async function decode(address: string, count = 120): Promise<Sound> {
  const context = new OfflineAudioContext(1, 1, 16000);
  const buffer = await context.decodeAudioData(await bytesOf(address));
  const data = buffer.getChannelData(0), size = Math.max(1, Math.floor(data.length / count));
  const peaks = Array.from({ length: count }, (_, i) => {
    let most = 0;
    for (let k = i * size; k < Math.min(data.length, (i + 1) * size); k += 4) most = Math.max(most, Math.abs(data[k]!));
    return most;
  });
  const top = Math.max(...peaks, 1e-6);
  return { peaks: peaks.map((p) => p / top), seconds: buffer.duration };
}
/** Rows of a CSV or of cells pasted from a spreadsheet; the first row names the columns. */
export function rowsOf(text: string): Record<string, unknown>[] {
  const first = text.split("\n", 1)[0] ?? "", mark = first.includes("\t") ? "\t" : first.includes(";") && !first.includes(",") ? ";" : ",";
  const rows: string[][] = [[]];
  let cell = "", quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quoted) { if (c === '"' && text[i + 1] === '"') { cell += c; i++; } else if (c === '"') quoted = false; else cell += c; }
    else if (c === '"' && cell === "") quoted = true;
    else if (c === mark) { rows.at(-1)!.push(cell); cell = ""; }
    else if (c === "\n") { rows.at(-1)!.push(cell.replace(/\r$/, "")); cell = ""; rows.push([]); }
    else cell += c;
  }
  rows.at(-1)!.push(cell);
  const [names, ...body] = rows.filter((row) => row.some((value) => value.trim() !== ""));
  return (body ?? []).map((row) => Object.fromEntries((names ?? []).map((name, i) => [name.trim(), typed(row[i] ?? "")])));
}
export const typed = (raw: string): unknown => (raw.trim() === "" ? null : Number.isFinite(Number(raw)) ? Number(raw) : raw);
