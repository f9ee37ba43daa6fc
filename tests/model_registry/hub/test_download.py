"""The loader against a mirror on this machine: resumed, bounded, checked, and never led astray."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.problems import Problem
from model_registry.hub import fetch
from model_registry.hub.download import Paused, Seen, Source, download
from model_registry.hub.entries import entry
from tests.model_registry.hub.standins import Mirror, files_of, mirror, net

pytestmark = pytest.mark.enable_socket
DATA = bytes(range(256)) * 4096  # a megabyte
SHA = hashlib.sha256(DATA).hexdigest()
PATH = "/a/b/resolve/main/big.onnx"


@pytest.fixture
def hub() -> Iterator[Mirror]:
    with mirror() as found:
        found.files[PATH] = DATA
        yield found


def source(hub: Mirror, **other: object) -> Source:
    return Source(hub.base, private_hosts=("127.0.0.1",), pause_s=0.01, timeout_s=2.0, **other)  # type: ignore[arg-type]


def test_a_file_comes_whole_with_its_commit_and_progress(hub: Mirror, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    got = download(source(hub), hub.base + PATH, tmp_path / "x", tell=lambda *both: told.append(both))
    assert (got.sha256, got.size, got.revision) == (SHA, len(DATA), hub.commit)
    assert (tmp_path / "x").read_bytes() == DATA
    assert told[-1] == (len(DATA), len(DATA))
    assert told == sorted(told)


def test_what_broke_off_is_resumed_and_not_fetched_twice(hub: Mirror, tmp_path: Path) -> None:
    hub.breaks = [300_000, 200_000]
    got = download(source(hub), hub.base + PATH, tmp_path / "x", expected=Seen(SHA, len(DATA)))
    assert got.sha256 == SHA
    assert [asked for _, asked in hub.asked] == [None, "bytes=300000-", "bytes=500000-"]


def test_another_process_goes_on_where_one_stopped(hub: Mirror, tmp_path: Path) -> None:
    with pytest.raises(Paused):
        download(source(hub), hub.base + PATH, tmp_path / "x", until=time.monotonic())
    part = (tmp_path / "x.part").stat().st_size
    assert 0 < part < len(DATA)
    assert not (tmp_path / "x").exists()
    assert download(source(hub), hub.base + PATH, tmp_path / "x").sha256 == SHA
    assert hub.asked[-1] == (PATH, f"bytes={part}-")


def test_a_whole_part_is_not_fetched_again(hub: Mirror, tmp_path: Path) -> None:
    with pytest.raises(Paused):
        download(source(hub), hub.base + PATH, tmp_path / "x", until=time.monotonic())
    (tmp_path / "x.part").write_bytes(DATA)
    assert download(source(hub), hub.base + PATH, tmp_path / "x").sha256 == SHA
    assert [path for path, _ in hub.asked] == [PATH, PATH]


def test_a_part_of_another_file_is_dropped(hub: Mirror, tmp_path: Path) -> None:
    with pytest.raises(Paused):
        download(source(hub), hub.base + PATH, tmp_path / "x", until=time.monotonic())
    hub.files[PATH] = DATA[::-1]
    assert download(source(hub), hub.base + PATH, tmp_path / "x").sha256 == hashlib.sha256(DATA[::-1]).hexdigest()


def test_what_is_there_and_right_is_not_fetched_again(hub: Mirror, tmp_path: Path) -> None:
    for _ in range(2):
        got = download(source(hub), hub.base + PATH, tmp_path / "x", expected=Seen(SHA))
    assert (got.revision, len(hub.asked)) == (hub.commit, 1)


@pytest.mark.parametrize(("expected", "limit", "code"), [
    (Seen("0" * 64), 2 << 20, "hub_mismatch"), (Seen(SHA, len(DATA) - 1), 2 << 20, "hub_mismatch"),
    (Seen(SHA, len(DATA) + 1), 2 << 20, "hub_mismatch"), (Seen(), 1000, "payload_too_large"),
])
def test_another_file_or_a_larger_one_is_refused_and_leaves_nothing(
        expected: Seen, limit: int, code: str, hub: Mirror, tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        download(source(hub, max_bytes=limit), hub.base + PATH, tmp_path / "x", expected=expected)
    assert caught.value.code == code
    assert not (tmp_path / "x").exists()
    assert not (tmp_path / "x.part").exists()


def test_the_hash_that_the_hub_names_itself_counts_where_none_was_published(hub: Mirror, tmp_path: Path) -> None:
    hub.linked = SHA
    assert download(source(hub), hub.base + PATH, tmp_path / "x").sha256 == SHA
    hub.linked = "0" * 64
    with pytest.raises(Problem) as caught:
        download(source(hub), hub.base + PATH, tmp_path / "y")
    assert caught.value.code == "hub_mismatch"


@pytest.mark.parametrize("target", [
    "http://10.0.0.1/big.onnx", "http://169.254.169.254/latest", "http://localhost:1/big.onnx", "file:///etc/passwd",
    "http://evil.example/big.onnx", "http://huggingface.co.evil.example/x",
])
def test_a_redirect_to_anywhere_else_is_refused(target: str, hub: Mirror, tmp_path: Path) -> None:
    hub.redirects[PATH] = target
    with pytest.raises(Problem) as caught:
        download(source(hub), hub.base + PATH, tmp_path / "x")
    assert caught.value.code == "invalid_request"
    assert len(hub.asked) == 1


def test_a_redirect_within_the_mirror_is_followed(hub: Mirror, tmp_path: Path) -> None:
    hub.redirects["/other"] = PATH
    assert download(source(hub), f"{hub.base}/other", tmp_path / "x").sha256 == SHA


def test_a_mirror_inside_must_be_named(hub: Mirror, tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        download(Source(hub.base), hub.base + PATH, tmp_path / "x")
    assert caught.value.code == "invalid_request"
    assert not hub.asked


def test_offline_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        download(Source("http://127.0.0.1:9", ("127.0.0.1",), pause_s=0), "http://127.0.0.1:9/x", tmp_path / "x")
    assert caught.value.code == "hub_unreachable"
    assert caught.value.retryable
    assert "\n" not in caught.value.detail


def test_a_missing_file_is_not_found(hub: Mirror, tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        download(source(hub), f"{hub.base}/a/b/resolve/main/other", tmp_path / "x")
    assert caught.value.code == "not_found"


def test_a_model_is_fetched_and_laid_out(hub: Mirror, tmp_path: Path) -> None:
    listed = entry("hub-minilm-l12")
    hub.put(listed)
    hub.breaks = [100]
    found = fetch.fetch(listed, root=tmp_path, source=source(hub), trial=False)
    assert found == fetch.fetched(listed, tmp_path)
    assert {file.revision for file in found.files} == {hub.commit}
    assert found.nets["model"].served == f"hub-hub-minilm-l12-{found.files[0].sha256[:8]}"
    assert json.loads((found.folder / "example.json").read_text()) == listed.kind.example
    assert sorted(p.name for p in tmp_path.iterdir()) == [".coming", "hub"]


def test_later_fetches_are_held_to_what_the_first_one_saw(hub: Mirror, tmp_path: Path) -> None:
    listed = entry("hub-minilm-l12")
    hub.put(listed)
    first = fetch.fetch(listed, root=tmp_path / "one", source=source(hub), trial=False)
    hub.put(listed, {**files_of(listed), "tokenizer.json": b"{}"})
    seen = {file.name: file for file in first.files}
    with pytest.raises(Problem) as caught:
        fetch.fetch(listed, root=tmp_path / "two", source=source(hub), seen=seen, trial=False)
    assert caught.value.code == "hub_mismatch"
    assert fetch.fetched(listed, tmp_path / "two") is None
    assert fetch.fetched(listed, tmp_path / "one") == first


def test_a_net_that_is_not_one_or_keeps_its_weights_elsewhere_is_refused(hub: Mirror, tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    listed = entry("hub-minilm-l12")
    outside = helper.make_tensor("w", TensorProto.FLOAT, [1], b"1234", raw=True)
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="../../etc/passwd")
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    other = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "g", [value], [other], [outside])
    foreign = helper.make_graph([helper.make_node("Run", ["x"], ["y"], domain="evil")], "g", [value], [other])
    wrong = net([helper.make_node("Identity", ["x"], ["y"])], {"x": (1, [1])}, {"y": (1, [1])})
    for data, words in ((b"no net", "can't be served"), (onnx.helper.make_model(graph).SerializeToString(), "weights"),
                        (onnx.helper.make_model(foreign).SerializeToString(), "operators"), (wrong, "example")):
        hub.put(listed, {**files_of(listed), "model": data})
        with pytest.raises(Problem, match=words) as caught:
            fetch.fetch(listed, root=tmp_path, source=source(hub))
        assert caught.value.code == "bundle_invalid"
        assert fetch.fetched(listed, tmp_path) is None
