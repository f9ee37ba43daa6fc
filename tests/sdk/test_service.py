"""A model of one's own: kinds, steps, checks, bundles, the local server, and what is asked of the platform."""

from __future__ import annotations

import importlib
import importlib.util
import json
import zipfile
from pathlib import Path
from typing import Annotated, Any

import httpx
import numpy as np
import onnxruntime
import pytest
from tessera import AIClient, errors, oip
from tessera.service import (
    CheckFailed,
    Image,
    LabelScores,
    ModelService,
    NotTaken,
    Number,
    PushFailed,
    Series,
    Table,
    Text,
    Texts,
    kind,
    load_model,
    new_key,
    steps,
    verify,
)
from tessera.service.kinds import signature_of
from tessera.service.serve import _Handler

EXAMPLE = Path(__file__).resolve().parents[2] / "sdk" / "python" / "examples" / "text_classifier.py"
spec = importlib.util.spec_from_file_location("text_classifier", EXAMPLE)
assert spec is not None
assert spec.loader is not None
example = importlib.util.module_from_spec(spec)
spec.loader.exec_module(example)
TextClassifier = example.TextClassifier


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("service")
    example.train(made / "model.onnx")
    return made


@pytest.fixture
def service(folder: Path) -> ModelService:
    return TextClassifier(folder)


def test_it_answers_on_this_machine(service: ModelService) -> None:
    found = service(input_text="what a great and friendly team")
    assert [label.label for label in found.labels] == ["positive", "negative"]
    assert found.labels[0].score > 0.8
    assert sum(label.score for label in found.labels) == pytest.approx(1)
    assert len(service(input_text="broken", top=1).labels) == 1


def test_the_annotations_are_the_manifest(service: ModelService) -> None:
    manifest = service.manifest()
    assert manifest["input"] == {"input_text": {"kind": "text"}}
    assert manifest["parameters"] == {"top": {"kind": "integer", "default": 2}}
    assert manifest["preprocess"] == {"text": {"step": "texts", "field": "input_text"}}
    assert manifest["output"] == "label_scores"
    assert manifest["postprocess"] == {"step": "labels", "tensor": "probabilities", "labels": ["negative", "positive"]}
    assert service.listing() == {
        "name": "text-classifier", "title": "Text classifier", "task": "text-classification",
        "summary": "Tells friendly customer texts from unfriendly ones.",
        "license": {"code": "Apache-2.0", "weights": "Apache-2.0"}}

    def predict(self: Any, a: Text, b: Texts, c: Image, d: Table, e: Series, f: str,
                g: Annotated[str, kind("text", max_chars=9)], h: Number = 1.5, i: bool = True) -> LabelScores:
        raise NotImplementedError

    found = signature_of(predict)
    assert {name: given.name for name, given in found.fields.items()} == {
        "a": "text", "b": "texts", "c": "image", "d": "table", "e": "series", "f": "text", "g": "text"}
    assert found.fields["g"].manifest() == {"kind": "text", "max_chars": 9}
    assert {name: (given.name, default) for name, (given, default) in found.parameters.items()} == {
        "h": ("number", 1.5), "i": ("boolean", True)}

    def unknown(self: Any, a: complex) -> Any:
        raise NotImplementedError

    with pytest.raises(errors.ConfigurationError, match="complex"):
        signature_of(unknown)


def test_the_manifest_is_one_that_the_platform_reads(service: ModelService) -> None:
    declared = importlib.import_module("model_registry.declared.service")
    from kernel.contracts import TensorSpec
    from model_registry.declared import steps as platform

    read = declared.parse(json.dumps(service.manifest()))
    assert declared.check_words(read) == []
    net = load_model(service.folder / "model.onnx")
    specs = [[TensorSpec(t.name, t.datatype, t.shape, False) for t in side] for side in (net.inputs, net.outputs)]
    assert platform.check_steps(declared.document(read, inputs=specs[0], outputs=specs[1], net="x", version=1)) == []


def test_a_check_says_what_is_wrong_before_anything_is_uploaded(folder: Path, tmp_path: Path) -> None:
    report = TextClassifier(folder).check()
    assert report.ok, str(report)
    assert [check.id for check in report.checks] == ["names", "load", "steps", "example 0", "example 1", "examples"]

    class Cheating(TextClassifier):  # type: ignore[misc, valid-type]
        def predict(self, input_text: Text, top: int = 2) -> LabelScores:
            return LabelScores({"labels": [{"label": "positive", "score": 1.0}]})

    faults = {check.id: check.detail for check in Cheating(folder).check().faults}
    assert "what the platform answers" in faults["example 0"]
    assert "is 'positive', not 'negative'" in faults["example 1"]
    with pytest.raises(CheckFailed, match="what the platform answers"):
        Cheating(folder).pack(tmp_path / "x.zip")
    assert not (tmp_path / "x.zip").exists()

    class Misnamed(TextClassifier):  # type: ignore[misc, valid-type]
        preprocessing = {"words": steps.texts("input_text")}

    assert "nothing makes the input tensor text" in Misnamed(folder).check().faults[0].detail

    class Unnamed(TextClassifier):  # type: ignore[misc, valid-type]
        name = "Text Classifier"

    assert "lower-case" in Unnamed(folder).check().faults[0].detail
    assert "load" in [check.id for check in TextClassifier(tmp_path).check().faults]


def test_only_nets_are_loaded(tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigurationError, match=r"tf2onnx\.convert --saved-model"):
        load_model(tmp_path)
    with pytest.raises(errors.ConfigurationError, match="code and pickles never travel"):
        load_model(tmp_path / "model.pkl")


def test_a_bundle_is_the_same_bytes_and_signed(service: ModelService, folder: Path, tmp_path: Path) -> None:
    secret, public = new_key()
    made = service.pack(tmp_path / "a.zip", signing_key=secret)
    again = TextClassifier(folder).pack(tmp_path / "b.zip")
    assert made.digest == again.digest
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(made.path) as archive:
        assert archive.namelist() == ["manifest.yaml", "model.onnx"]
        assert json.loads(archive.read("manifest.yaml")) == service.manifest()
    assert verify(made.path, public) == made
    with pytest.raises(errors.InvalidSignature, match="not that key's"):
        verify(made.path, new_key()[1])
    with pytest.raises(errors.InvalidSignature, match="can't be read"):
        verify(again.path, public)
    with zipfile.ZipFile(made.path, "a") as archive:
        archive.writestr("more.txt", "x")
    with pytest.raises(errors.InvalidSignature, match="not the one that was signed"):
        verify(made.path, public)


ROWS = [{"a": 1, "b": "x"}, {"a": None, "b": "y"}]
PIXELS = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
BEFORE = [
    (steps.array("f"), "FP32", (-1, 2), [[1, 2], [3, 4.5]]), (steps.array("f"), "INT64", (2,), [1, 2]),
    (steps.columns("f", ["a", "b"], categories={"b": ["x", "y"]}, missing=-1), "FP32", (-1, 2), ROWS),
    (steps.image("f", (4, 6)), "FP32", (1, 3, 4, 6), PIXELS),
    (steps.image("f", (4, 6), layout="nhwc", color="bgr", scale=1 / 255, mean=[0.5, 0.4, 0.3], std=[0.2, 0.2, 0.1]),
     "FP32", (-1, 4, 6, 3), PIXELS),
    (steps.image("f", (6, 6), color="grey", fit="letterbox"), "UINT8", (1, 1, 6, 6), PIXELS),
    (steps.texts("f"), "BYTES", (-1,), "one"), (steps.texts("f"), "BYTES", (-1, 1), ["one", "two"]),
    (steps.value("f"), "INT64", (1, 1), 7),
]


@pytest.mark.parametrize(("step", "datatype", "shape", "given"), BEFORE)
def test_the_steps_before_are_the_platforms(step: Any, datatype: str, shape: Any, given: Any) -> None:
    platform = importlib.import_module("model_registry.declared.steps")
    from kernel.contracts import TensorSpec

    mine = steps.make(step, datatype, shape, {"f": given}, {})
    theirs = platform.feed([TensorSpec("t", datatype, shape, False)], {"t": step}, {"f": given}, {})["t"]
    assert (mine.dtype, mine.tolist()) == (theirs.dtype, theirs.tolist())


@pytest.mark.parametrize("step", [steps.series("f", 4), steps.series("f", 2, normalize="zscore"),
                                  steps.series("f", 6, normalize="minmax")])
def test_series_too(step: Any) -> None:
    platform = importlib.import_module("model_registry.declared.steps")
    from kernel.contracts import TensorSpec
    from model_registry.catalog_kit.types import Series as Read

    mine = steps.make(step, "FP32", (1, -1), {"f": [3.0, 1.0, 2.0]}, {})
    read = Read(np.array([3.0, 1.0, 2.0]), None, None)
    assert mine.tolist() == platform.feed([TensorSpec("t", "FP32", (1, -1), False)], {"t": step}, {"f": read},
                                          {})["t"].tolist()


SCORES = np.array([[0.1, 2.0, float("nan")], [3.0, -1.0, 0.5]], "f4")


@pytest.mark.parametrize(("step", "tensors"), [
    (steps.tensors(), {"t": SCORES, "s": np.array([b"x", "y"], object)}),
    (steps.labels("t", ["a", "b", "c"], softmax=True), {"t": SCORES[1:]}),
    (steps.labels("t", ["a", "b", "c"]), {"t": SCORES[:1]}),
    (steps.row_labels("t", ["a", "b", "c"]), {"t": SCORES}),
    (steps.row_values("t"), {"t": SCORES[:, :1]}), (steps.embeddings("t", normalize=True), {"t": SCORES[1:]})])
def test_the_steps_after_are_the_platforms(step: Any, tensors: Any) -> None:
    platform = importlib.import_module("model_registry.declared.steps")
    for parameters in ({}, {"top": 1}):
        assert steps.finish(step, tensors, parameters) == platform.answer(tensors, step, parameters)


@pytest.mark.parametrize(("step", "given", "words"), [
    (steps.columns("f", ["a"]), [{"b": 1}], "column a is missing"), (steps.array("f"), [[1, 2, 3]], "makes the shape"),
    (steps.columns("f", ["a"]), [{"a": "x"}], "must be a number"), (steps.array("f"), [["x"]], "could not convert")])
def test_an_input_that_does_not_fit_is_refused(step: Any, given: Any, words: str) -> None:
    with pytest.raises(steps.BadInput, match=words):
        steps.make(step, "FP32", (-1, 1), {"f": given}, {})


class Local(_Handler):
    """The local server's handler without its socket."""

    def __init__(self, service: ModelService) -> None:
        self.service = service

    def ask(self, path: str, content: bytes = b"", headers: dict[str, str] | None = None) -> tuple[Any, dict[str, str]]:
        import io

        self.headers = {"Content-Length": str(len(content)), **(headers or {})}  # type: ignore[assignment]
        self.rfile = io.BytesIO(content)  # type: ignore[assignment]
        found: tuple[Any, dict[str, str]] = self._post(path) if content else self._get(path)
        return found


def test_the_local_server_speaks_the_protocol(service: ModelService) -> None:
    service._ready()
    local = Local(service)
    assert local.ask("/v2/health/ready")[0] == {"ready": True}
    described = local.ask("/v2/models/text-classifier")[0]
    assert described["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    content, headers = oip.encode({"text": ["great", "broken"]})
    body, answered = local.ask("/v2/models/text-classifier/infer", content, headers)
    out = oip.decode(body, {name.lower(): value for name, value in answered.items()})
    assert out["probabilities"].argmax(axis=1).tolist() == [1, 0]
    plain = json.dumps({"inputs": [{"name": "text", "datatype": "BYTES", "shape": [1], "data": ["great"]}]}).encode()
    listed = local.ask("/v2/models/text-classifier/versions/1/infer", plain)[0]
    assert listed["outputs"][0]["shape"] == [1, 2]
    assert listed["outputs"][0]["data"][1] == pytest.approx(out["probabilities"][0, 1])
    asked = {"input": {"input_text": "great"}, "parameters": {"top": 1}}
    made = local.ask("/api/v1/models/text-classifier/predictions", json.dumps(asked).encode())[0]
    assert (made["status"], made["output"]["labels"][0]["label"]) == ("succeeded", "positive")


class Platform:
    """The registration part of the API, in memory, by its contract."""

    def __init__(self, *, fails: bool = False, taken: bool = False, scales: bool = True) -> None:
        self.fails, self.taken, self.scales = fails, taken, scales
        self.seen: list[tuple[str, str, Any]] = []
        self.states = ["validating", "failed" if fails else "ready"]
        self.targets = [{"version": 1, "weight": 75, "label": "1.0.0"}, {"version": 2, "weight": 25, "label": "1.1.0"}]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1")
        is_json = request.headers.get("content-type") == "application/json"
        self.seen.append((request.method, path, json.loads(request.content) if is_json else request.content))
        match (request.method, path):
            case ("POST", "/models") if self.taken:
                return httpx.Response(409, json={"code": "name_taken", "detail": "taken", "retryable": False})
            case ("POST", "/models"):
                return httpx.Response(201, json={"name": "acme.text-classifier"})
            case ("GET", "/provider/models"):
                return httpx.Response(200, json={"data": [{"name": "acme.text-classifier"}], "has_more": False})
            case ("GET", "/models/acme.text-classifier/versions/3"):
                return httpx.Response(200, json=self._version())
            case ("POST", "/models/acme.text-classifier/versions"):
                return httpx.Response(202, json=self._version())
            case ("GET", "/models/acme.text-classifier/versions/3/report"):
                return httpx.Response(200, json={"checks": [
                    {"id": "graph", "title": "Graph", "status": "failed", "detail": "opset 99", "fix": "use 20"}]})
            case ("PUT", "/models/acme.text-classifier/traffic") if any(
                    target.get("label") == "" for target in self.seen[-1][2]["targets"]):
                return httpx.Response(422, json={"code": "validation_error", "detail": "blank", "retryable": False})
            case (_, "/models/acme.text-classifier/traffic"):
                body = self.seen[-1][2] if request.method == "PUT" else {"targets": self.targets, "sticky_by": "key"}
                return httpx.Response(200, json={"number": 5, **body})
            case ("PUT", "/models/acme.text-classifier/deployment") if not self.scales:
                return httpx.Response(404, json={"code": "not_found", "detail": "not found", "retryable": False})
        return httpx.Response(200, json=self.seen[-1][2] if is_json else {})

    def _version(self) -> dict[str, Any]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {"version": 3, "label": "1.0.0", "version_state": state, "digest": "sha256:00"}

    @property
    def client(self) -> AIClient:
        return AIClient("k", base_url="http://api.test", transport=httpx.MockTransport(self))

    def sent(self, method: str, path: str) -> Any:
        return next(body for m, p, body in self.seen if (m, p) == (method, path))


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)


def test_deploying_as_the_article_writes_it(service: ModelService) -> None:
    platform, told = Platform(), list[str]()
    done = service.deploy(replicas=4, autoscale={"metric": "cpu_utilization", "target": 70, "min": 2, "max": 10},
                          client=platform.client, on_progress=lambda v: told.append(v.version_state))
    assert (done.model, done.version, told) == ("acme.text-classifier", 3, ["validating", "ready"])
    assert platform.sent("POST", "/models")["task"] == "text-classification"
    assert b"model.onnx" in platform.sent("POST", "/models/acme.text-classifier/versions")
    assert platform.sent("PUT", "/models/acme.text-classifier/traffic")["targets"] == [
        {"version": 3, "weight": 100}]
    assert platform.sent("PUT", "/models/acme.text-classifier/deployment") == {
        "replicas": 4, "autoscale": {"metric": "cpu_utilization", "target": 70, "min": 2, "max": 10}}


def test_a_version_takes_over_under_guard(service: ModelService) -> None:
    platform = Platform()
    done = service.deploy(replicas=2, guarded=True, version=3, client=platform.client)
    assert platform.sent("POST", "/models/acme.text-classifier/canary") == {"version": 3}
    assert platform.sent("PUT", "/models/acme.text-classifier/deployment") == {"replicas": 2}
    assert ("PUT", "/models/acme.text-classifier/traffic") not in [(m, p) for m, p, _ in platform.seen]
    assert (done.rollout.version, [t["weight"] for t in done.traffic["targets"]]) == (3, [75, 25])


def test_a_class_that_knows_nothing_of_ours(folder: Path) -> None:
    """The article's own: it opens its model in `__init__`, and annotates nothing."""
    class Plain(ModelService):
        name, task = "text-classifier", "text-classification"
        preprocessing, postprocessing = TextClassifier.preprocessing, TextClassifier.postprocessing

        def __init__(self) -> None:
            self.model = self.load_model(folder / "model.onnx")

        def predict(self, input_text):  # type: ignore[no-untyped-def]
            return self.run(input_text=input_text)

    plain = Plain()
    assert plain.check().ok, str(plain.check())
    assert plain(input_text="great team").labels[0].label == "positive"
    platform = Platform()
    assert plain.deploy(replicas=4, autoscale={"metric": "cpu_utilization", "target": 70, "min": 2, "max": 10},
                        client=platform.client).version == 3
    assert plain.manifest()["input"] == {"input_text": {"kind": "text"}}


def test_a_platform_that_places_replicas_itself_says_so(service: ModelService) -> None:
    with pytest.warns(NotTaken, match="did not take replicas"):
        done = service.deploy(replicas=4, client=Platform(scales=False).client)
    assert (done.deployment, done.traffic["targets"][0]["weight"]) == (None, 100)


def test_a_part_of_the_calls(service: ModelService) -> None:
    platform = Platform(taken=True)
    service.deploy(weight=10, client=platform.client)
    assert [(t["version"], t["weight"]) for t in platform.sent(
        "PUT", "/models/acme.text-classifier/traffic")["targets"]] == [(1, 68), (2, 22), (3, 10)]
    assert "summary" in platform.sent("PATCH", "/models/acme.text-classifier")


def test_what_the_platform_refuses_is_told_with_its_remedy(service: ModelService) -> None:
    with pytest.raises(PushFailed, match=r"acme.text-classifier version 3 failed:\nGraph: opset 99 → use 20"):
        service.push(client=Platform(fails=True).client)


def test_onnxruntime_is_the_one_that_ran_it(service: ModelService, folder: Path) -> None:
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
    direct = session.run(None, {"text": np.array(["great team"], object)})[0]
    service._ready()
    assert service._net().run({"text": np.array(["great team"], object)})["probabilities"].tolist() == direct.tolist()
