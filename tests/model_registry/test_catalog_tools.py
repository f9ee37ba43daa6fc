"""The catalogue's own tools: fingerprints of what figures depend on, sizes, layout, comparison, second inputs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from model_registry.catalog_kit.compare import differences, hostile_requests
from model_registry.catalog_kit.density import code_lines, median, sizes
from model_registry.catalog_kit.evaluate import _work
from model_registry.catalog_kit.metrics import fingerprint, is_current, quality_stamp, read_metrics
from model_registry.catalog_kit.runner import CATALOG, read_example
from model_registry.catalog_kit.second import second_case
from model_registry.catalog_kit.tidy import tidy
from model_registry.manifest import load

COPIED = ("codes", "gs1_parse"), ("documents", "doc_deskew")


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """Two entries and the shared samples, to be changed."""
    for domain, name in COPIED:
        shutil.copytree(CATALOG / domain / name, tmp_path / domain / name)
    shutil.copytree(CATALOG / "samples", tmp_path / "samples")
    return tmp_path


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_fingerprint_follows_code_and_data_and_not_words(catalog: Path) -> None:
    folder = catalog / "documents" / "doc_deskew"
    seen = [fingerprint(folder)]
    assert seen == [fingerprint(CATALOG / "documents" / "doc_deskew")]
    edit(folder / "model.yaml", "title: ", "title: New ")
    assert fingerprint(folder) == seen[0]
    changes = (("entry.py", "COARSE, FINE = 1.0, 0.1", "COARSE, FINE = 1.0, 0.2"),
               ("quality.py", "at_most=0.1", "at_most=9"), ("model.yaml", "maximum: 30", "maximum: 40"))
    for name, old, new in changes:
        edit(folder / name, old, new)
        seen.append(fingerprint(folder))
    (catalog / "samples" / "page-skewed.png").write_bytes(b"another picture")
    seen.append(fingerprint(folder))
    (folder / "table.csv").write_text("a,b")
    seen.append(fingerprint(folder))
    assert len(set(seen)) == len(seen)


def test_only_what_is_not_current_is_measured_and_a_new_entry_wholly(catalog: Path) -> None:
    deskew, gs1 = catalog / "documents" / "doc_deskew", catalog / "codes" / "gs1_parse"
    assert is_current(deskew, "quality_measured")
    assert _work([deskew], ("quality",), every=False) == {}
    assert _work([deskew], ("quality",), every=True) == {deskew: ("quality",)}
    edit(deskew / "quality.py", "at_most=0.1", "at_most=0.2")
    (gs1 / "metrics.json").unlink()
    assert _work([deskew, gs1], ("quality",), every=False) == {deskew: ("quality",), gs1: ("latency", "quality")}


def test_the_quality_has_a_stamp_of_its_own() -> None:
    speed, quality = {"date": "2026-11-20", "fingerprint": "a"}, {"date": "2026-11-21", "fingerprint": "b"}
    assert quality_stamp({"measured": speed, "quality_measured": quality}) == quality
    assert quality_stamp({"measured": speed}) == speed
    found = read_metrics(CATALOG / "documents" / "doc_deskew")
    assert found is not None
    assert quality_stamp(found)["machine"]


def test_lines_of_code_are_those_that_hold_code() -> None:
    source = ('"""Doc\nstring."""\n\nimport os  # why\n\n\ndef f() -> str:\n    """One."""\n    # a comment\n'
              '    return """a\n\nb"""\n')
    assert code_lines(source) == 5  # import, def, and the three lines of the text


def test_the_median_is_that_of_all(catalog: Path) -> None:
    found = sizes(catalog)
    assert {s.name for s in found} == {name for _, name in COPIED}
    assert found[0].lines <= found[1].lines
    assert median(found) == sum(s.lines for s in found) / 2


def test_tidying_keeps_the_meaning(catalog: Path) -> None:
    folder = catalog / "codes" / "gs1_parse"
    before = load(folder)
    document = yaml.safe_load((folder / "model.yaml").read_text(encoding="utf-8"))
    (folder / "model.yaml").write_text(yaml.safe_dump(document | {"nets": []}, allow_unicode=True, indent=4))
    assert tidy(folder)
    assert load(folder) == before
    assert max(map(len, (folder / "model.yaml").read_text(encoding="utf-8").splitlines())) <= 120
    assert not tidy(folder)
    edit(folder / "model.yaml", "name: ", "# a word\nname: ")
    with pytest.raises(ValueError, match="comments"):
        tidy(folder)


def test_differences_are_by_value() -> None:
    assert list(differences({"a": [1.0, True, "x"]}, {"a": [1.001, True, "x"]}, 0.01)) == []
    assert list(differences(200.5, 200.0, 0.001)) == ["output: 200.5 instead of 200.0"]
    assert list(differences({"a": 1}, {"b": 1}, 0)) == ["output: members ['a', 'b'] are in one only"]
    assert list(differences([1], [1, 2], 0)) == ["output: 1 items instead of 2"]
    assert list(differences(True, 1, 0.5)) == []
    assert list(differences("data:image/png;base64," + "A" * 40, {"$media": 0}, 0)) == []
    assert list(differences("data:,", {"$media": 0}, 0)) == ["output: no file"]


def test_hostile_inputs_are_those_of_each_fields_kind() -> None:
    folder = CATALOG / "documents" / "doc_deskew"
    request, media, _ = read_example(folder)
    sent = list(hostile_requests(load(folder), request))
    assert {name for fields, _, _ in sent for name in fields} == {"image"}
    assert sum(must_refuse for _, must_refuse, _ in sent) >= 5
    assert all(fields == {"image": {"$media": len(media)}} for fields, _, files in sent if files)


def test_a_second_input_is_another_question_with_its_answer() -> None:
    folder = CATALOG / "codes" / "gs1_parse"
    case = second_case(folder)
    assert case is not None
    request, _, example = read_example(folder)
    assert case.request["input"] != request["input"]
    assert case.output != example["output"]
    assert json.loads(json.dumps(case.request)) == case.request
