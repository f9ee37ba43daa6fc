"""Small nets and tokenizers with the signatures of the published ones, and a mirror that serves them."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from model_registry.hub.entries import HubEntry

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "invoice", "is", "due", "on", "friday", "london", "good",
         "<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|zh|>", "<|transcribe|>", "<|notimestamps|>"]
NUMBER = {word: i for i, word in enumerate(WORDS)}
V = len(WORDS)


def net(nodes: list[Any], inputs: dict[str, tuple[int, list[Any]]], outputs: dict[str, tuple[int, list[Any]]],
        weights: dict[str, np.ndarray] | None = None) -> bytes:
    """A graph of these nodes. Every input that no node reads is allowed, as in exported nets."""
    def ports(listed: dict[str, tuple[int, list[Any]]]) -> list[Any]:
        return [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in listed.items()]

    graph = helper.make_graph(nodes, "standin", ports(inputs), ports(outputs),
                              [numpy_helper.from_array(np.asarray(v), k) for k, v in (weights or {}).items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def constant(name: str, value: np.ndarray) -> Any:
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value))


def fixed(inputs: dict[str, tuple[int, list[Any]]], outputs: dict[str, np.ndarray],
          shapes: dict[str, list[Any]] | None = None) -> bytes:
    """Answers the same whatever comes in."""
    kinds = {np.dtype(np.float32): T.FLOAT, np.dtype(np.int64): T.INT64, np.dtype(np.int32): T.INT32}
    return net([constant(name, value) for name, value in outputs.items()], inputs, {
        name: (kinds[value.dtype], (shapes or {}).get(name, list(value.shape))) for name, value in outputs.items()})


def classifier(inputs: list[Any], classes: int, *, name: str = "data", layout: str = "nchw",
               weights: np.ndarray | None = None) -> bytes:
    """The mean colour, times a matrix (channels, classes)."""
    channels = inputs[1] if layout == "nchw" else inputs[3]
    table = weights if weights is not None else np.linspace(-1, 1, channels * classes).reshape(channels, classes)
    axes = [2, 3] if layout == "nchw" else [1, 2]
    return net([helper.make_node("ReduceMean", [name], ["mean"], axes=axes, keepdims=0),
                helper.make_node("MatMul", ["mean", "w"], ["scores"])],
               {name: (T.FLOAT, inputs)}, {"scores": (T.FLOAT, [inputs[0], classes])}, {"w": table.astype(np.float32)})


TOKENS: dict[str, tuple[int, list[Any]]] = {
    "input_ids": (T.INT64, ["b", "s"]), "attention_mask": (T.INT64, ["b", "s"]),
    "token_type_ids": (T.INT64, ["b", "s"])}


def by_token(outputs: dict[str, np.ndarray], *, mean: bool = False, squeeze: bool = False,
             inputs: dict[str, tuple[int, list[Any]]] | None = None) -> bytes:
    """A row of a table (V, n) for each token: (b, s, n), or their mean (b, n), or (b, s) of tables (V,)."""
    nodes, weights, shapes = [], {}, {}
    for name, table in outputs.items():
        weights[f"w_{name}"] = table.astype(np.float32)
        nodes.append(helper.make_node("Gather", [f"w_{name}", "input_ids"], [f"g_{name}" if mean else name]))
        if mean:
            nodes.append(helper.make_node("ReduceMean", [f"g_{name}"], [name], axes=[1], keepdims=0))
        shapes[name] = (T.FLOAT, ["b", *([] if mean else ["s"]), *([] if squeeze else [table.shape[1]])])
    return net(nodes, inputs or TOKENS, shapes, weights)


@cache
def tokenizer() -> bytes:
    """Words as they are, [CLS] text [SEP] text [SEP]."""
    made = Tokenizer(models.WordLevel(NUMBER, unk_token="[UNK]"))
    made.normalizer = None
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.add_special_tokens([w for w in WORDS if w[0] in "[<"])
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return made.to_str().encode()


def _next_word(order: list[str]) -> np.ndarray:
    """After each of these words the next is likeliest."""
    table = np.zeros((V, V))
    for one, other in itertools.pairwise(order):
        table[NUMBER[one], NUMBER[other]] = 9
    return table


def _decoder(order: list[str]) -> bytes:
    return by_token({"logits": _next_word(order), "present.0": np.zeros((V, 2))}, inputs={
        "input_ids": TOKENS["input_ids"], "encoder_hidden_states": (T.FLOAT, ["b", "t", "d"]),
        "encoder_attention_mask": TOKENS["attention_mask"]})


def _pooled(inputs: dict[str, tuple[int, list[Any]]], op: Any, out: list[Any], name: str,
            weights: dict[str, np.ndarray] | None = None) -> bytes:
    return net(op, inputs, {name: (T.FLOAT, out)}, weights)


PIXELS = {"pixel_values": (T.FLOAT, ["b", 3, "h", "w"])}
BOX = np.array([[[0.5, 0.5, 0.25, 0.5], [0.2, 0.2, 0.1, 0.1]]], np.float32)


def _detr(softly: bool) -> bytes:
    logits = np.full((1, 2, 4 if softly else 3), -9, np.float32)
    logits[0, 0, 1] = 9  # the second class, surely
    if softly:
        logits[0, 1, 3] = 9  # nothing
    return fixed({**PIXELS, "pixel_mask": (T.INT64, ["b", 64, 64])}, {"logits": logits, "pred_boxes": BOX})


def _yolo3() -> bytes:
    scores = np.zeros((1, 80, 2), np.float32)
    scores[0, 16, 0] = 0.9
    return fixed({"input_1": (T.FLOAT, ["n", 3, "h", "w"]), "image_shape": (T.FLOAT, ["n", 2])}, {
        "boxes": np.array([[[10, 20, 110, 220], [0, 0, 1, 1]]], np.float32), "scores": scores,
        "chosen": np.array([[[0, 16, 0]]], np.int32)})


def _yolo4() -> bytes:
    grids = {}
    for name, n in (("fine", 52), ("middle", 26), ("coarse", 13)):
        grid = np.full((1, n, n, 3, 85), -20, np.float32)
        if n == 13:
            grid[0, 6, 6, 0] = 0
            grid[0, 6, 6, 0, 4] = 20
            grid[0, 6, 6, 0, 5:] = -20
            grid[0, 6, 6, 0, 5 + 16] = 20
        grids[name] = grid
    return fixed({"input_1:0": (T.FLOAT, ["n", 416, 416, 3])}, grids)


def _yolo2() -> bytes:
    grid = np.full((1, 5, 25, 13, 13), -20, np.float32)
    grid[0, 0, :4, 6, 6] = 0
    grid[0, 0, 4, 6, 6] = 20
    grid[0, 0, 5 + 11, 6, 6] = 20
    return fixed({"image": (T.FLOAT, ["n", 3, 416, 416])}, {"grid": grid.reshape(1, 125, 13, 13)})


def _boxes(names: tuple[str, str, str], shape: list[Any], corners: list[float], label: Any, *, flat: bool,
           source: str = "image", kind: int = T.FLOAT) -> bytes:
    found = {names[0]: np.array([[corners, [0, 0, 1, 1]]], np.float32), names[1]: np.array([[label, label]]),
             names[2]: np.array([[0.9, 0.1]], np.float32)}
    if isinstance(label, float):
        found[names[1]] = found[names[1]].astype(np.float32)
    return fixed({source: (kind, shape)}, {k: v[0] if flat else v for k, v in found.items()})


def _faces(shape: list[Any]) -> bytes:
    return fixed({"input": (T.FLOAT, shape)}, {
        "scores": np.array([[[0.1, 0.9], [0.9, 0.1], [0.2, 0.8]]], np.float32),
        "boxes": np.array([[[0.25, 0.25, 0.5, 0.75], [0, 0, 1, 1], [0.25, 0.25, 0.5, 0.74]]], np.float32)})


def _pixelwise(classes: int) -> bytes:
    """A quarter of the size; the class of the strongest colour."""
    weights = np.zeros((classes, 3, 1, 1), np.float32)
    for channel in range(3):
        weights[channel, channel] = 1
    return net([helper.make_node("AveragePool", ["input"], ["small"], kernel_shape=[4, 4], strides=[4, 4]),
                helper.make_node("Conv", ["small", "w"], ["out"]), helper.make_node("Identity", ["out"], ["aux"])],
               {"input": (T.FLOAT, ["b", 3, "h", "w"])},
               {name: (T.FLOAT, ["b", classes, "y", "x"]) for name in ("out", "aux")}, {"w": weights})


def _grey(keep: int, sigmoid: bool = False) -> bytes:
    nodes = [helper.make_node("ReduceMean", ["pixel_values"], ["m" if sigmoid else "grey"], axes=[1], keepdims=keep)]
    if sigmoid:
        nodes.append(helper.make_node("Sigmoid", ["m"], ["grey"]))
    return net(nodes, PIXELS, {"grey": (T.FLOAT, ["b", *([1] if keep else []), "y", "x"])})


def _grown(factor: float, shape: list[Any], out: list[Any]) -> bytes:
    return net([helper.make_node("Resize", ["input", "", "scales"], ["output"], mode="nearest")],
               {"input": (T.FLOAT, shape)}, {"output": (T.FLOAT, out)},
               {"scales": np.array([1, 1, factor, factor], np.float32)})


def _whisper_ears() -> bytes:
    return net([helper.make_node("AveragePool", ["input_features"], ["half"], kernel_shape=[2], strides=[2]),
                helper.make_node("Transpose", ["half"], ["last_hidden_state"], perm=[0, 2, 1])],
               {"input_features": (T.FLOAT, ["b", 80, 3000])}, {"last_hidden_state": (T.FLOAT, ["b", 1500, 80])})


def _picture_states() -> bytes:
    return net([helper.make_node("AveragePool", ["pixel_values"], ["small"], kernel_shape=[16, 16], strides=[16, 16]),
                helper.make_node("Reshape", ["small", "to"], ["flat"]),
                helper.make_node("Transpose", ["flat"], ["last_hidden_state"], perm=[0, 2, 1])],
               {"pixel_values": (T.FLOAT, ["b", 3, 224, 224])}, {"last_hidden_state": (T.FLOAT, ["b", 196, 3])},
               {"to": np.array([0, 3, -1], np.int64)})


def _letters() -> bytes:
    """Silence is letter 5, sound letter 6 (of 8), one for each 320 samples."""
    return net([helper.make_node("Abs", ["input_values"], ["loud"]),
                helper.make_node("Unsqueeze", ["loud", "one"], ["c"]),
                helper.make_node("AveragePool", ["c"], ["p"], kernel_shape=[320], strides=[320]),
                helper.make_node("Transpose", ["p"], ["t"], perm=[0, 2, 1]),
                helper.make_node("MatMul", ["t", "w"], ["m"]), helper.make_node("Add", ["m", "bias"], ["logits"])],
               {"input_values": (T.FLOAT, ["b", "n"])}, {"logits": (T.FLOAT, ["b", "t", 8])},
               {"one": np.array([1], np.int64), "w": np.array([[0, 0, 0, 0, 0, 0, 2, 0]], np.float32),
                "bias": np.array([-9, -9, -9, -9, -9, 0.5, 0, -9], np.float32)})


def _matcher() -> bytes:
    """logits_per_image: the mean of a number for each token."""
    table = np.zeros(V)
    table[NUMBER["good"]] = 30
    return net([helper.make_node("Gather", ["w", "input_ids"], ["g"]),
                helper.make_node("ReduceMean", ["g"], ["m"], axes=[1], keepdims=0),
                helper.make_node("Unsqueeze", ["m", "zero"], ["logits_per_image"])],
               {**PIXELS, "input_ids": TOKENS["input_ids"], "attention_mask": TOKENS["attention_mask"]},
               {"logits_per_image": (T.FLOAT, ["i", "t"])},
               {"w": table.astype(np.float32), "zero": np.array([0], np.int64)})


def _label_table(classes: int) -> np.ndarray:
    table = np.zeros((V, classes))
    table[NUMBER["good"], min(1, classes - 1)] = 9
    table[NUMBER["london"], classes - 1] = 9
    return table


def _spread(size: int) -> np.ndarray:
    return np.cos(np.arange(V)[:, None] * (1 + np.arange(size)[None]) / 3)


@cache
def nets(builder: str, variant: str) -> dict[str, bytes]:
    """Role → net, as the published ones of this builder look. `variant` tells those apart that differ in form."""
    shape224: list[Any] = ["n", 3, 224, 224]
    match builder:
        case "classify_image":
            forms: dict[str, tuple[list[Any], int, str]] = {
                "hub-mnist": ([1, 1, 28, 28], 10, "nchw"), "hub-emotion-ferplus": ([1, 1, 64, 64], 8, "nchw"),
                "hub-age-googlenet": ([1, 3, 224, 224], 8, "nchw"),
                "hub-gender-googlenet": ([1, 3, 224, 224], 2, "nchw"),
                "hub-efficientnet-lite4": ([1, 224, 224, 3], 1000, "nhwc")}
            shape, classes, layout = forms.get(variant, (shape224, 1000, "nchw"))
            return {"model": classifier(shape, classes, layout=layout)}
        case "embed_image":
            if variant == "hub-arcface":
                return {"model": classifier([1, 3, 112, 112], 512)}
            return {"model": net(
                [helper.make_node("AveragePool", ["pixel_values"], ["small"], kernel_shape=[14, 14], strides=[14, 14]),
                 helper.make_node("Reshape", ["small", "to"], ["flat"]),
                 helper.make_node("Transpose", ["flat"], ["last_hidden_state"], perm=[0, 2, 1])],
                PIXELS, {"last_hidden_state": (T.FLOAT, ["b", "t", 3])}, {"to": np.array([0, 3, -1], np.int64)})}
        case "match_texts":
            return {"model": _matcher()}
        case "detect_detr":
            return {"model": _detr(variant != "hub-rt-detr")}
        case "detect_yolo2":
            return {"model": _yolo2()}
        case "detect_yolo3":
            return {"model": _yolo3()}
        case "detect_yolo4":
            return {"model": _yolo4()}
        case "detect_ssd":
            return {"model": _boxes(("bboxes", "labels", "scores"), [1, 3, 1200, 1200], [0.25, 0.5, 0.5, 0.75], 17,
                                    flat=False)}
        case "detect_tf":
            return {"model": _boxes(("detection_boxes", "detection_classes", "detection_scores"), ["b", "h", "w", 3],
                                    [0.5, 0.25, 0.75, 0.5], 18.0, flat=False, source="inputs", kind=T.UINT8)}
        case "detect_rcnn":
            return {"model": _boxes(("6379", "6381", "6383"), [3, "h", "w"], [200, 400, 400, 600], 17, flat=True)}
        case "detect_faces":
            return {"model": _faces([1, 3, 480, 640] if variant.endswith("640") else [1, 3, 240, 320])}
        case "segment":
            return {"model": _pixelwise(21)}
        case "cut_out":
            return {"model": _grey(1, sigmoid=True)}
        case "depth":
            return {"model": _grey(0)}
        case "enlarge":
            return {"model": _grown(2, ["b", 3, "h", "w"], ["b", 3, "y", "x"])}
        case "enlarge_luminance":
            return {"model": _grown(3, ["n", 1, 224, 224], ["n", 1, 672, 672])}
        case "stylise":
            return {"model": net([helper.make_node("Identity", ["input1"], ["output1"])],
                                 {"input1": (T.FLOAT, [1, 3, 224, 224])}, {"output1": (T.FLOAT, [1, 3, 224, 224])})}
        case "embed_text":
            return {"model": by_token({"last_hidden_state": _spread(6)})}
        case "classify_text" | "zero_shot":
            return {"model": by_token({"logits": _label_table(3)}, mean=True)}
        case "entities":
            return {"model": by_token({"logits": _label_table(3)})}
        case "fill_gap":
            return {"model": by_token({"logits": _next_word(["[MASK]", "friday"])})}
        case "answer_question":
            starts, ends = np.zeros(V), np.zeros(V)
            starts[NUMBER["on"]], ends[NUMBER["friday"]] = 9, 9
            return {"model": by_token({"start_logits": starts, "end_logits": ends}, squeeze=True)}
        case "rank":
            return {"model": by_token({"logits": _label_table(1)}, mean=True)}
        case "rewrite":
            return {"encoder": by_token({"last_hidden_state": _spread(4)}, inputs={
                name: TOKENS[name] for name in ("input_ids", "attention_mask")}),
                "decoder": _decoder(["[CLS]", "due", "on", "friday", "[SEP]"])}
        case "caption":
            return {"encoder": _picture_states(), "decoder": _decoder(["[CLS]", "the", "invoice", "[SEP]"])}
        case "whisper":
            order = ["<|notimestamps|>", "good", "friday", "<|endoftext|>"]
            table = _next_word(order)
            table[NUMBER["<|startoftranscript|>"], NUMBER["<|zh|>"]] = 9
            return {"encoder": _whisper_ears(), "decoder": by_token({"logits": table}, inputs={
                "input_ids": TOKENS["input_ids"], "encoder_hidden_states": (T.FLOAT, ["b", "t", "d"])})}
        case "spell" | "classify_audio":
            return {"model": _letters()}
    raise ValueError(f"no stand-in for {builder}")


CONFIGURATIONS: dict[str, Any] = {
    "config.json": {"id2label": {"0": "O", "1": "B-PER", "2": "I-LOC"}, "decoder_start_token_id": NUMBER["[CLS]"],
                    "eos_token_id": NUMBER["[SEP]"]},
    "labels.json": {"id2label": {str(i): f"name {i}" for i in range(1000)}},
    "generation_config.json": {"bad_words_ids": [[NUMBER["[PAD]"]]]},
    "preprocessor_config.json": {"size": {"height": 224, "width": 224}, "do_normalize": True, "do_rescale": True,
                                 "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "resample": 2},
    "vocab.json": {"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3, "|": 4, "A": 5, "B": 6, "C": 7},
}


def files_of(entry: HubEntry) -> dict[str, bytes]:
    """Name of a file of the entry → the stand-in's bytes."""
    made = nets(entry.builder, entry.name)
    return {name: made[name] if name in made else tokenizer() if name == "tokenizer.json"
            else json.dumps(CONFIGURATIONS[name]).encode() for name in entry.files}


class Mirror:
    """What the mirror serves and how it misbehaves; what it was asked for."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.files: dict[str, bytes] = {}
        self.redirects: dict[str, str] = {}
        self.breaks: list[int] = []  # after so many bytes of the next answers the connection is cut
        self.commit = "c0ffee" * 6 + "cafe"
        self.linked = ""  # the SHA-256 that it names with its answers
        self.asked: list[tuple[str, str | None]] = []  # path, Range

    def put(self, entry: HubEntry, files: dict[str, bytes] | None = None) -> None:
        for name, data in (files or files_of(entry)).items():
            repository, revision, path = entry.place(name)
            for word in (revision, self.commit):
                self.files[f"/{repository}/resolve/{word}/{path}"] = data


class _Handler(BaseHTTPRequestHandler):
    mirror: Mirror
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        mirror, wanted = self.mirror, self.headers.get("Range")
        mirror.asked.append((self.path, wanted))
        if self.path in mirror.redirects:
            self.send_response(302)
            self.send_header("Location", mirror.redirects[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data = mirror.files.get(self.path)
        if data is None:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        tag = f'"{hash(data)}"'
        if start and self.headers.get("If-Range", tag) != tag:
            start = 0
        if start >= len(data):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("ETag", tag)
        self.send_header("X-Repo-Commit", mirror.commit)
        if mirror.linked:
            self.send_header("X-Linked-Etag", f'"{mirror.linked}"')
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        part = data[start:]
        if mirror.breaks:
            part = part[:mirror.breaks.pop(0)]
            self.close_connection = True
        self.wfile.write(part)

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def mirror(port: int = 0) -> Iterator[Mirror]:
    """A hub on a port of this machine; any free one unless it is told."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    handler.mirror = Mirror(server.server_address[1])  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield handler.mirror  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
