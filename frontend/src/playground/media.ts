/** Files of the browser: reading, decoding sounds to peaks, recording to WAV. */
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
/** Records from the microphone until the returned function is called; what comes back is a WAV. */
export async function record(): Promise<() => Promise<Blob>> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const recorder = new MediaRecorder(stream), parts: Blob[] = [];
  recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
  recorder.start();
  return () => new Promise((resolve, reject) => {
    recorder.addEventListener("stop", () => {
      stream.getTracks().forEach((track) => track.stop());
      new Blob(parts).arrayBuffer().then((bytes) => new OfflineAudioContext(1, 1, 16000).decodeAudioData(bytes)).then((sound) => resolve(wav(sound)), reject);
    });
    recorder.stop();
  });
}
function wav(sound: AudioBuffer): Blob {
  const samples = sound.getChannelData(0), view = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const text = (at: number, value: string): void => [...value].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF"); view.setUint32(4, 36 + samples.length * 2, true); text(8, "WAVEfmt "); view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); view.setUint16(22, 1, true); view.setUint32(24, sound.sampleRate, true); view.setUint32(28, sound.sampleRate * 2, true);
  view.setUint16(32, 2, true); view.setUint16(34, 16, true); text(36, "data"); view.setUint32(40, samples.length * 2, true);
  samples.forEach((v, i) => view.setInt16(44 + i * 2, Math.max(-1, Math.min(1, v)) * 32767, true));
  return new Blob([view.buffer], { type: "audio/wav" });
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
