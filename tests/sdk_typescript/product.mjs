/** The compiled TypeScript client: by itself through a fetch of ours, and against the running product. */
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const { DIST, BASE_URL, API_KEY, SAMPLES } = process.env;
const { AIClient, errors, webhooks } = await import(pathToFileURL(`${DIST}/index.js`));
const json = (status, body, headers = {}) => new Response(JSON.stringify(body), { status, headers });

/** A client that plays its answers in order, and what it was asked. */
function played(...answers) {
  const asked = [];
  const fetch = async (url, init) => {
    asked.push({ url, ...init, key: init.headers.get("idempotency-key") });
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return [new AIClient({ apiKey: "k", baseUrl: "http://kit.invalid/", fetch }), asked];
}

test("a call that may pass is tried again under one key, and others are not", async () => {
  const busy = () => json(503, { code: "overloaded" }, { "Retry-After": "0" });
  const [client, asked] = played(busy(), new TypeError("connection refused"), json(200, { id: "pred_1", status: "brand new" }));
  const made = await client.models.get("a/b").submit({ text: "x" });
  assert.equal(made.status, "brand new");
  assert.equal(made.done, false);
  assert.equal(new Set(asked.map((one) => one.key)).size, 1);
  assert.deepEqual(asked.map((one) => one.url), Array(3).fill("http://kit.invalid/api/v1/models/a%2Fb/predictions"));
  const [refused, once] = played(json(422, { code: "validation_error", detail: "no", errors: [{ pointer: "/input/x", detail: "required" }] }));
  await assert.rejects(refused.account.retrieve(), (error) => error instanceof errors.ValidationFailed
    && error.code === "validation_error" && error.errors[0].pointer === "/input/x" && error.name === "ValidationFailed");
  assert.equal(once.length, 1);
  const [patient] = played(json(429, {}, { "Retry-After": "3600" }));
  await assert.rejects(patient.account.retrieve(), errors.RateLimited);
  const [plain] = played(new Response("<h1>bad gateway</h1>", { status: 502, headers: { "Retry-After": "100" } }));
  await assert.rejects(plain.account.retrieve(), errors.ServerError);
  assert.throws(() => new AIClient({ apiKey: "" }), errors.ConfigurationError);
});

test("media become base64, wherever they stand", async () => {
  const [client, asked] = played(json(200, { status: "succeeded" }));
  await client.models.get("m").predict({ image: Buffer.from("abc"), many: [new Blob(["d"])], series: new Float32Array([1, 2]), n: 1, s: "t" },
    { metadata: { order: 7 }, maxCost: "0.05", idempotencyKey: "mine" });
  const [{ body, headers }] = asked;
  assert.deepEqual(JSON.parse(body), { input: { image: "YWJj", many: ["ZA=="], series: [1, 2], n: 1, s: "t" }, metadata: { order: 7 } });
  assert.deepEqual(["prefer", "max-cost", "idempotency-key", "authorization"].map((name) => headers.get(name)),
    ["wait=60", "0.05", "mine", "Bearer k"]);
});

test("a list goes on by its cursor", async () => {
  const [client, asked] = played(json(200, { data: [{ name: "a" }, { name: "b" }], has_more: true, next_cursor: "c+1" }),
    json(200, { data: [{ name: "c" }], has_more: false, next_cursor: null }));
  assert.deepEqual((await client.models.list({ task: "ocr" }).toArray()).map((one) => one.name), ["a", "b", "c"]);
  assert.deepEqual(asked.map((one) => new URL(one.url).search), ["?task=ocr", "?task=ocr&cursor=c%2B1"]);
});

test("a stream goes on after the last event that was seen", async () => {
  const stream = (text) => new Response(text);
  const [client, asked] = played(json(202, { id: "pred_1", status: "queued" }),
    stream('id: 1\nevent: status\ndata: {"status":\ndata: "queued"}\n\n: alive\n\nid: 2\nevent: prog'),
    stream('id: 2\nevent: progress\ndata: {"progress": 0.5}\n\nid: 3\nevent: prediction\ndata: {"status": "succeeded"}\n\n'));
  const job = await client.models.get("m").submit({});
  const seen = [];
  for await (const event of job.events()) seen.push([event.id, event.kind, event.data]);
  assert.deepEqual(seen, [["1", "status", { status: "queued" }], ["2", "progress", { progress: 0.5 }],
    ["3", "prediction", { status: "succeeded" }]]);
  assert.deepEqual(asked.slice(1).map((one) => one.headers.get("last-event-id")), [null, "1"]);
});

test("waiting ends well, badly, or at its limit", async () => {
  const state = (status, more = {}) => json(200, { id: "pred_1", status, ...more });
  const [client] = played(state("queued"), state("processing", { progress: 0.5 }), state("succeeded", { output: { a: 1 } }));
  const told = [];
  const done = await (await client.models.get("m").submit({})).wait({ onProgress: (now) => told.push(now.status) });
  assert.deepEqual([done.output, told], [{ a: 1 }, ["queued", "processing", "succeeded"]]);
  const [failing] = played(state("failed", { error: { code: "model_error", detail: "no text" } }));
  await assert.rejects(failing.models.get("m").predict({}), (error) => error instanceof errors.PredictionFailed
    && error.prediction.error.code === "model_error");
  const [slow] = played(state("queued"));
  await assert.rejects((await slow.models.get("m").submit({})).wait({ timeout: 0 }), errors.WaitTimeout);
  const stop = AbortSignal.abort(new Error("enough"));
  const [aborted] = played(state("queued"));
  await assert.rejects((await aborted.models.get("m").submit({})).wait({ signal: stop }), /enough/);
});

test("a webhook is believed only as it was signed", async () => {
  const key = randomBytes(24), secret = `whsec_${key.toString("base64")}`, body = JSON.stringify({ type: "prediction.succeeded", data: { n: "é" } });
  const signed = (stamp, text = body) => ({
    "Webhook-Id": "msg_1", "webhook-timestamp": String(stamp),
    "webhook-signature": `v1,b3RoZXI= v1,${createHmac("sha256", key).update(`msg_1.${stamp}.${text}`).digest("base64")}`,
  });
  const now = Math.floor(Date.now() / 1000);
  assert.deepEqual(await webhooks.verify(body, signed(now), secret), JSON.parse(body));
  assert.equal((await webhooks.verify(Buffer.from(body), new Headers(signed(now)), secret)).type, "prediction.succeeded");
  for (const [text, headers, by] of [[body, signed(now - 400), secret], [body + " ", signed(now), secret], [body, {}, secret],
    [body, signed(now), `whsec_${randomBytes(24).toString("base64")}`], [body, signed(now), "whsec_%"]]) {
    await assert.rejects(webhooks.verify(text, headers, by), errors.InvalidSignature);
  }
});

test("the running product", { skip: BASE_URL ? false : "no product beside it" }, async (t) => {
  const client = new AIClient({ apiKey: API_KEY, baseUrl: BASE_URL });
  const image = await readFile(`${SAMPLES}/astronaut.jpg`);

  await t.test("predictions and jobs", async () => {
    const face = await client.models.get("face-detect").predict({ image });
    assert.equal(face.output.boxes.length, 1);
    assert.ok(Math.abs(face.output.boxes[0].x - 179) <= 2);
    assert.deepEqual([face.status, face.usage.units, face.usage.cost], ["succeeded", 1, "0.0015"]);
    const series = [...Array(30).fill(1), ...Array(30).fill(4)], states = [];
    const job = await client.models.get("change-points").submit({ series }, { metadata: { order: "7" } });
    await job.wait({ onProgress: (now) => states.push(now.status), timeout: 90_000 });
    assert.deepEqual([job.output.breaks, states.at(-1), job.metadata], [[30], "succeeded", { order: "7" }]);
    const kinds = [];
    for await (const event of job.events()) kinds.push(event.kind);
    assert.equal(kinds.at(-1), "prediction");
    const [newest] = await client.predictions.list({}).toArray(1);
    assert.equal(newest.id, job.id);
    assert.equal((await newest.refresh()).status, "succeeded");
    await assert.rejects(job.cancel(), errors.Conflict);
  });

  await t.test("tensors", async () => {
    const data = Float32Array.from({ length: 128 }, (_, index) => (index % 8 === 3 ? 1 : 0));
    const model = client.models.get("digit-recognise");
    const { scores } = await model.infer({ image: { data, shape: [2, 1, 8, 8] } });
    const alone = (await model.infer({ image: { data: data.subarray(0, 64), shape: [1, 1, 8, 8] } })).scores;
    assert.deepEqual([scores.datatype, scores.shape, alone.shape], ["FP32", [2, 10], [1, 10]]);
    assert.ok(alone.data.every((value, index) => Math.abs(value - scores.data[index]) < 1e-5));
    const text = JSON.stringify({ input: { text: "Awful. It broke at once." } });
    const { output } = await client.models.get("sentiment-en").infer({ input: { data: [text], shape: [1] } });
    assert.equal(JSON.parse(output.data[0]).verdict, "negative");
  });

  await t.test("images, catalogue, account", async () => {
    const seen = await client.analyzeImage(image, ["face_detection"]);
    assert.equal(seen.results.face_detection.output.boxes.length, 1);
    assert.equal((await client.classifyImage(image, 3)).predictions.length, 3);
    const names = (await client.models.list().toArray()).map((one) => one.name);
    assert.ok(names.length > 200 && new Set(names).size === names.length);
    assert.equal((await client.models.retrieve("face-detect")).title, "Face detection");
    assert.deepEqual((await client.models.schema("face-detect")).input.required, ["image"]);
    assert.equal((await client.account.retrieve()).organization, "demo");
    assert.ok((await client.usage.list({ group_by: "model" })).data.some((row) => row.group === "face-detect" && row.events > 0));
  });

  await t.test("files and batches", async () => {
    const file = await client.files.upload(image, { filename: "a.jpg", purpose: "vision" });
    assert.ok(Buffer.from(await client.files.content(file.id)).equals(image));
    assert.equal((await client.models.get("face-detect").predict({ image: file.id })).output.boxes.length, 1);
    await client.files.delete(file.id);
    await assert.rejects(client.files.retrieve(file.id), errors.NotFound);
    const large = randomBytes(300_000), shares = [];
    const whole = await client.files.uploadInParts(large, { partBytes: 100_000, onProgress: (share) => shares.push(share) });
    assert.ok(Buffer.from(await client.files.content(whole.id)).equals(large));
    assert.deepEqual([shares.length, shares.at(-1)], [3, 1]);
    const lines = [{ custom_id: "a", input: { text: "fine" } }, { custom_id: "b", input: {} }];
    const input = await client.files.upload(new Blob([lines.map((line) => JSON.stringify(line)).join("\n")]), { purpose: "batch" });
    const batch = await client.batches.create({ input_file_id: input.id, model: "sentiment-en" });
    const done = await client.batches.wait(batch.id, { timeout: 90_000 });
    assert.deepEqual([done.status, done.counts], ["completed", { total: 2, succeeded: 1, failed: 1 }]);
  });

  await t.test("failures", async () => {
    await assert.rejects(client.models.get("no-such-model").predict({}), (error) => error instanceof errors.NotFound
      && error.code === "model_not_found" && error.requestId.startsWith("req_"));
    await assert.rejects(new AIClient({ apiKey: "tsr_live_wrong", baseUrl: BASE_URL }).account.retrieve(), errors.AuthenticationError);
    const headers = { idempotencyKey: `ts-${randomBytes(8).toString("hex")}` }, model = client.models.get("sentiment-en");
    const [first, again] = [await model.predict({ text: "fine" }, headers), await model.predict({ text: "fine" }, headers)];
    assert.equal(first.id, again.id);
  });
});
