"""Every listed model's builder answers on a stand-in of its signature; one of each kind is checked by value."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kernel.problems import Problem
from model_registry.catalog_kit.outputs import output_fault
from model_registry.catalog_kit.runner import inline_media, read_example, run_capability
from model_registry.hub import fetch
from model_registry.hub.builders import BUILDERS
from model_registry.hub.download import Seen
from model_registry.hub.entries import HubEntry, entries
from model_registry.hub.fetch import File
from model_registry.hub.local import FolderNets
from tests.model_registry.hub.standins import WORDS, files_of

ALL = entries()
OF_KIND = {entry.builder: entry.name for entry in reversed(list(ALL.values()))}


def lay_out(entry: HubEntry, root: Path) -> fetch.Fetched:
    """The model's folder, as a fetch would leave it."""
    coming, stage = root / "coming", root / "hub" / entry.folder
    coming.mkdir()
    files = []
    for name, data in files_of(entry).items():
        role = name in entry.kind.roles
        (coming / (f"{name}.onnx" if role else name)).write_bytes(data)
        repository, revision, path = entry.place(name)
        files.append(File(name, repository, revision, path, "0" * 64, len(data)))
    nets = {role: fetch._net(entry, role, coming / f"{role}.onnx", tuple(files)) for role in entry.kind.roles}
    return fetch._lay_out(entry, stage, coming, tuple(files), nets)


def ask(entry: HubEntry, root: Path, request: dict[str, Any] | None = None) -> dict[str, Any]:
    found = lay_out(entry, root)
    example, media, _ = read_example(found.folder)
    response, files = run_capability(found.folder, {**example, **(request or {})}, media,
                                     nets=FolderNets(found.folder / "files", found.nets))
    assert output_fault(entry.kind.output, response["output"]) is None
    return dict(inline_media(response["output"], files))


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_listed_model_answers_its_example(name: str, tmp_path: Path) -> None:
    assert ask(ALL[name], tmp_path)


def test_sixty_and_more_are_listed_with_all_kinds_and_honest_pins() -> None:
    assert len(ALL) >= 60
    assert {entry.builder for entry in ALL.values()} | {"classify_audio"} == set(BUILDERS)
    for entry in ALL.values():
        manifest = entry.manifest()
        assert (manifest.source, manifest.evidence, manifest.card.measured) == ("S3", "-", None)
        assert manifest.license.weights
        assert manifest.title_zh != manifest.title
        for file in entry.files.values():
            assert file.seen == Seen(file.sha256 or "", file.size or 0)
    published = [entry for entry in ALL.values() if entry.files[entry.kind.roles[0]].sha256]
    assert len(published) >= 35


def picture(colour: tuple[int, int, int], size: tuple[int, int] = (64, 48)) -> str:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def decoded(url: str) -> Any:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))


def test_a_classifier_is_given_normalised_colours(tmp_path: Path) -> None:
    """The stand-in's scores are linear in the mean colour: they tell what it was given."""
    entry = ALL["hub-resnet50"]
    red = (np.array([200, 100, 50]) / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    table = np.linspace(-1, 1, 3000).reshape(3, 1000)
    scores = np.exp(red @ table - (red @ table).max())
    answer = ask(entry, tmp_path, {"input": {"image": picture((200, 100, 50))}, "parameters": {"top": 2}})
    best = int(scores.argmax())
    assert next(label["label"] for label in answer["labels"]) == f"name {best}"
    assert answer["labels"][0]["score"] == pytest.approx(scores[best] / scores.sum(), rel=1e-3)


def test_caffe_nets_are_given_blue_first_and_bytes(tmp_path: Path) -> None:
    seen = np.array([50, 100, 200]) - [103.939, 116.779, 123.68]
    scores = seen @ np.linspace(-1, 1, 3000).reshape(3, 1000)
    answer = ask(ALL["hub-googlenet"], tmp_path, {"input": {"image": picture((200, 100, 50))}})
    assert answer["labels"][0]["score"] == pytest.approx(scores.max(), rel=1e-3)


# kind → the box of the stand-in in a picture of 512 × 512, its label and score
BOXES = {
    "detect_detr": ((192, 128, 128, 256), "B-PER", 1.0),
    "detect_yolo2": ((512 * (6.5 - 0.54) / 13, 512 * (6.5 - 0.595) / 13, 512 * 1.08 / 13, 512 * 1.19 / 13), "dog", 1.0),
    "detect_yolo3": ((20, 10, 200, 100), "dog", 0.9),
    "detect_yolo4": ((512 * (208 - 71) / 416, 512 * (208 - 55) / 416, 512 * 142 / 416, 512 * 110 / 416), "dog", 1.0),
    "detect_ssd": ((128, 256, 128, 128), "dog", 0.9), "detect_tf": ((128, 256, 128, 128), "dog", 0.9),
    "detect_rcnn": ((128, 256, 128, 128), "dog", 0.9), "detect_faces": ((128, 128, 128, 256), "face", 0.9),
}


@pytest.mark.parametrize("kind", BOXES)
def test_boxes_come_back_in_pixels_of_the_picture(kind: str, tmp_path: Path) -> None:
    answer = ask(ALL[OF_KIND[kind]], tmp_path)
    (x, y, wide, high), label, score = BOXES[kind]
    [box] = answer["boxes"]
    assert (box["x"], box["y"], box["width"], box["height"]) == pytest.approx((x, y, wide, high), abs=0.6)
    assert (box["label"], box["score"]) == (label, pytest.approx(score, abs=1e-3))


def test_pixels_are_coloured_by_class(tmp_path: Path) -> None:
    answer = ask(ALL["hub-fcn-resnet50"], tmp_path, {"input": {"image": picture((10, 200, 10))}})
    assert answer["values"] == {"shares": {"aeroplane": 1.0}}
    assert decoded(answer["image"]).shape == (48, 64, 3)
    assert set(map(tuple, decoded(answer["image"]).reshape(-1, 3).tolist())) == {(128, 0, 0)}


def test_a_cut_out_keeps_what_is_bright(tmp_path: Path) -> None:
    half = Image.new("RGB", (64, 64), (0, 0, 0))
    half.paste((255, 255, 255), (32, 0, 64, 64))
    out = io.BytesIO()
    half.save(out, "PNG")
    answer = ask(ALL["hub-modnet"], tmp_path, {"input": {"image": base64.b64encode(out.getvalue()).decode()}})
    assert answer["coverage"] == pytest.approx(0.5, abs=0.02)
    alpha = decoded(answer["values"]["cut_out"])[:, :, 3]
    assert alpha[0, 0] < 80 < 180 < alpha[0, 63]


def test_small_pictures_grow_and_keep_their_colours(tmp_path: Path) -> None:
    answer = ask(ALL["hub-swin2sr-x2"], tmp_path, {"input": {"image": picture((10, 200, 30), (13, 9))}})
    assert (answer["width"], answer["height"], answer["values"]) == (26, 18, {"factor": 2})
    assert decoded(answer["image"])[5, 5].tolist() == [10, 200, 30]


def test_texts_of_equal_words_have_equal_vectors(tmp_path: Path) -> None:
    answer = ask(ALL["hub-minilm-l12"], tmp_path, {"input": {"texts": [
        "the invoice is due", "good friday", "the invoice is due"]}})
    one, other, again = map(np.array, answer["embeddings"])
    assert np.allclose(one, again, atol=1e-6)
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-5)
    assert one @ other < 0.99
    # The mean over [CLS] good friday [SEP]: padding to the longer texts has no part in it.
    rows = np.cos(np.array([WORDS.index(w) for w in ("[CLS]", "good", "friday", "[SEP]")])[:, None]
                  * (1 + np.arange(6)[None]) / 3).mean(axis=0)
    assert other == pytest.approx(rows / np.linalg.norm(rows), abs=1e-5)


def test_entities_are_spans_of_the_text(tmp_path: Path) -> None:
    answer = ask(ALL["hub-bert-ner"], tmp_path, {"input": {"text": "is  london good"}})
    assert [(s["start"], s["end"], s["label"], s["text"]) for s in answer["spans"]] == [
        (4, 10, "LOC", "london"), (11, 15, "PER", "good")]


def test_labels_of_texts(tmp_path: Path) -> None:
    answer = ask(ALL["hub-distilbert-sst2"], tmp_path, {"input": {"text": "good"}})
    # The mean of [CLS] good [SEP]: 9 / 3 for the second label.
    assert answer["labels"][0] == {"label": "B-PER", "score": pytest.approx(np.exp(3) / (np.exp(3) + 2), abs=1e-5)}


def test_a_gap_is_filled_and_a_missing_one_is_refused(tmp_path: Path) -> None:
    entry = ALL["hub-bert-gap"]
    answer = ask(entry, tmp_path, {"input": {"text": "due on [MASK]"}})
    assert answer["labels"][0]["label"] == "friday"
    found = fetch.read(tmp_path / "hub" / entry.folder)
    assert found is not None
    nets = FolderNets(found.folder / "files", found.nets)
    with pytest.raises(Problem, match="once"):
        run_capability(found.folder, {"input": {"text": "due on friday"}}, nets=nets)


def test_a_question_is_answered_with_the_words_of_the_text(tmp_path: Path) -> None:
    answer = ask(ALL["hub-distilbert-squad"], tmp_path, {"input": {
        "question": "is the invoice due on friday", "text": "the invoice is due on friday"}})
    [span] = answer["spans"]
    assert (span["text"], span["start"], span["end"]) == ("on friday", 19, 28)
    assert span["score"] > 0.9


def test_own_labels_are_ranked(tmp_path: Path) -> None:
    answer = ask(ALL["hub-clip-base-32"], tmp_path, {"input": {"image": picture((1, 2, 3)),
                                                               "labels": ["london", "good"]}})
    assert [label["label"] for label in answer["labels"]] == ["good", "london"]
    assert sum(label["score"] for label in answer["labels"]) == pytest.approx(1)


def test_text_is_written_until_the_end_token(tmp_path: Path) -> None:
    answer = ask(ALL["hub-t5-en-de"], tmp_path)
    assert answer["values"] == [{"name": "text", "value": "due on friday"}, {"name": "tokens", "value": 3}]


def test_speech_is_written_down_with_its_language(tmp_path: Path) -> None:
    answer = ask(ALL["hub-whisper-tiny"], tmp_path)
    assert (answer["text"], answer["values"]) == ("good friday", {"language": "zh"})
    assert answer["segments"][0]["end"] == answer["duration"]


def test_letters_are_joined_to_words(tmp_path: Path) -> None:
    answer = ask(ALL["hub-wav2vec2-base"], tmp_path)
    assert set(answer["text"]) <= set("AB ")
    assert answer["text"]


def test_an_example_without_an_answer_is_stored_as_json(tmp_path: Path) -> None:
    found = lay_out(ALL["hub-mnist"], tmp_path)
    assert json.loads((found.folder / "example.json").read_text()) == BUILDERS["classify_image"].example
