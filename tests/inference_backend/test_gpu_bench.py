"""The GPU benchmark without a GPU, and the table that it writes."""

from __future__ import annotations

import json

import pytest

from benchmarks.gpu import __main__ as bench


def test_without_a_gpu_it_says_so_and_ends_well(monkeypatch: pytest.MonkeyPatch,
                                               capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert bench.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert "no NVIDIA GPU" in lines[0]
    assert json.loads(lines[-1]) == {"benchmark": "gpu", "gpu": None, "backends": {}}


def test_the_table_holds_what_was_measured_beside_the_claims() -> None:
    found = {"PyTorch": {"p50_ms": 4.256, "per_second": 1999.6}, "ONNX Runtime": {"missing": "no library"}}
    text = bench.table(found, "A GPU, 80 GB, 1.2", "2026-11-21")
    assert text.splitlines()[0].startswith("A GPU, 80 GB, 1.2;")
    assert "2026-11-21" in text
    assert "| PyTorch | 4.26 ms | 2000 | 21.3 ms, 460/s |" in text
    assert "| ONNX Runtime | – | – (no library) | 12.5 ms, 790/s |" in text
    assert "| TensorRT (FP16) | – | – (not run) | 8.2 ms, 1210/s |" in text
