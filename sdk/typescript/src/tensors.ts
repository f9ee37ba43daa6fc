/** Tensors over the Open Inference Protocol's binary form: a JSON header, then the raw little-endian data. */

import { TesseraError } from "./errors.js";
import { quote, type Options, type Transport } from "./transport.js";

const LENGTH = "Inference-Header-Content-Length";
const KINDS = {
  FP32: Float32Array, FP64: Float64Array, INT8: Int8Array, INT16: Int16Array, INT32: Int32Array, INT64: BigInt64Array,
  UINT8: Uint8Array, UINT16: Uint16Array, UINT32: Uint32Array, UINT64: BigUint64Array,
} as const;
type Numbers = InstanceType<(typeof KINDS)[keyof typeof KINDS]>;

/** Values in row-major order and the size of each dimension; texts are a tensor of BYTES. */
export interface Tensor {
  data: Numbers | string[];
  shape: number[];
  /** Told by the type of `data` unless it is said: BOOL and FP16 are Uint8Array and Uint16Array. */
  datatype?: string;
}

export async function infer(transport: Transport, model: string, inputs: Record<string, Tensor>,
  options: Options = {}): Promise<Record<string, Required<Tensor>>> {
  const parts = Object.entries(inputs).map(([name, tensor]) => ({ name, datatype: datatypeOf(tensor), shape: tensor.shape, raw: pack(name, tensor) }));
  const head = new TextEncoder().encode(JSON.stringify({
    inputs: parts.map(({ name, datatype, shape, raw }) => ({ name, datatype, shape, parameters: { binary_data_size: raw.length } })),
    parameters: { binary_data_output: true },
  }));
  const response = await transport.raw({
    method: "POST", path: `/v2/models/${quote(model)}/infer`, content: new Blob([head, ...parts.map((part) => part.raw)]),
    options: { ...options, headers: { ...options.headers, [LENGTH]: String(head.length), "Content-Type": "application/octet-stream" } },
  });
  const cut = Number(response.headers.get(LENGTH));
  const body = await response.arrayBuffer();
  if (!cut) throw new TesseraError("the answer is not binary");
  return unpack(JSON.parse(new TextDecoder().decode(body.slice(0, cut))) as Head, body, cut);
}

interface Head {
  outputs: { name: string; datatype: string; shape: number[]; parameters: { binary_data_size: number } }[];
}

function datatypeOf(tensor: Tensor): string {
  if (tensor.datatype) return tensor.datatype;
  if (Array.isArray(tensor.data)) return "BYTES";
  const data = tensor.data;
  return Object.entries(KINDS).find(([, kind]) => data instanceof kind)?.[0] ?? "";
}

function pack(name: string, tensor: Tensor): Uint8Array<ArrayBuffer> {
  const count = tensor.shape.reduce((all, size) => all * size, 1);
  if (count !== tensor.data.length) throw new TesseraError(`${name}: this shape has ${count} values, not ${tensor.data.length}`);
  if (!Array.isArray(tensor.data)) {
    return Uint8Array.from(new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength));
  }
  const texts = tensor.data.map((text) => new TextEncoder().encode(text));
  const out = new Uint8Array(texts.reduce((all, text) => all + 4 + text.length, 0));
  let at = 0;
  for (const text of texts) {
    new DataView(out.buffer).setUint32(at, text.length, true);
    out.set(text, at + 4);
    at += 4 + text.length;
  }
  return out;
}

function unpack(head: Head, body: ArrayBuffer, start: number): Record<string, Required<Tensor>> {
  const found: Record<string, Required<Tensor>> = {};
  let at = start;
  for (const { name, datatype, shape, parameters } of head.outputs) {
    const raw = body.slice(at, at + parameters.binary_data_size);
    at += parameters.binary_data_size;
    found[name] = { datatype, shape, data: datatype === "BYTES" ? textsOf(raw) : numbersOf(datatype, raw) };
  }
  return found;
}

function numbersOf(datatype: string, raw: ArrayBuffer): Numbers {
  const kind = KINDS[datatype as keyof typeof KINDS] ?? (datatype === "FP16" ? Uint16Array : Uint8Array);
  return new kind(raw);
}

function textsOf(raw: ArrayBuffer): string[] {
  const found: string[] = [], view = new DataView(raw);
  for (let at = 0; at < raw.byteLength;) {
    const length = view.getUint32(at, true);
    found.push(new TextDecoder().decode(raw.slice(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return found;
}
