/** Camera and microphone; loaded when one of them is asked for. */
import { h } from "../dom";

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
/** Shows what the camera sees in `box` until the returned function takes the picture, as a JPEG. */
export async function watch(box: HTMLElement): Promise<() => Promise<Blob>> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  const video = h("video", { class: "block w-full", autoplay: true, playsinline: true });
  video.muted = true;
  video.srcObject = stream;
  box.replaceChildren(video);
  return () => new Promise((resolve, reject) => {
    const canvas = h("canvas", { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d")?.drawImage(video, 0, 0);
    stream.getTracks().forEach((track) => track.stop());
    canvas.toBlob((blob) => { if (blob) resolve(blob); else reject(new Error("no picture")); }, "image/jpeg", 0.92);
  });
}
