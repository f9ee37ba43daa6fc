"""The kit: the scaffold, decoding within bounds, units, and the helpers whose answers are known."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kernel.problems import Problem
from model_registry.catalog_kit import Audio, Box, InvalidInput, Series, decode_image, encode_png, iou, letterbox, nms
from model_registry.catalog_kit.__main__ import new
from model_registry.catalog_kit.kinds import DECODERS, decode_fields
from model_registry.catalog_kit.outputs import OUTPUTS, output_fault
from model_registry.catalog_kit.runner import plain, read_example, run_capability
from model_registry.catalog_kit.sound import decode_audio, encode_wav
from model_registry.catalog_kit.tasks import TASKS
from model_registry.catalog_kit.units import count_units


def test_new_capability_passes_as_it_is_and_takes_its_name_once(tmp_path: Path) -> None:
    folder = new("word-count", "text", tmp_path)
    request, media, example = read_example(folder)
    response, _ = run_capability(folder, request, media)
    assert response["output"] == example["output"]
    assert response["units"] == {"1k_chars": 1}
    for name, domain in (("word-count", "audio"), ("Bad Name", "text"), ("x", "nowhere")):
        with pytest.raises(Problem):
            new(name, domain, tmp_path)


def test_every_task_has_a_known_widget_and_renderer() -> None:
    assert all(t.widget in DECODERS and t.renderer in OUTPUTS for t in TASKS.values())


def test_image_is_upright_and_flat() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90°
    out = io.BytesIO()
    Image.fromarray(np.zeros((10, 20, 3), np.uint8)).save(out, "JPEG", exif=exif)
    assert decode_image(out.getvalue()).shape == (20, 10, 3)
    clear = encode_png(np.zeros((2, 2, 4), np.uint8))
    np.testing.assert_array_equal(decode_image(clear), np.full((2, 2, 3), 255))


def test_image_bounds_name_their_field() -> None:
    png = encode_png(np.zeros((10, 10, 3), np.uint8))
    for bounds in ({"max_pixels": 99}, {"max_bytes": 10}, {"media_types": ["image/jpeg"]}):
        with pytest.raises(InvalidInput) as caught:
            decode_fields({"photo": {"kind": "image", **bounds}}, {"photo": png}, [])
        assert caught.value.errors[0].pointer == "/input/photo"
        assert caught.value.code == "validation_error"


def test_sound_is_mono_and_resampled() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)
    heard = decode_audio(encode_wav(np.stack([tone, tone], axis=1), 48_000), rate=16_000)
    assert (heard.rate, len(heard.samples), heard.samples.dtype) == (16_000, 16_000, np.float32)
    peak = np.abs(np.fft.rfft(heard.samples)).argmax()
    assert peak == 440
    with pytest.raises(InvalidInput):
        decode_audio(encode_wav(tone, 48_000), max_seconds=0.5)


@pytest.mark.parametrize(("unit", "kind", "value", "expected"), [
    ("image", "image", np.zeros((1, 1, 3)), 1), ("image", "images", [1, 2, 3], 3), ("page", "image", 1, 1),
    ("second", "audio", Audio(np.zeros(24_001, np.float32), 8_000), 4), ("1k_chars", "text", "x" * 1001, 2),
    ("1k_chars", "texts", ["x" * 600, "y" * 600], 2), ("1k_chars", "text", "x", 1), ("row", "table", [{}] * 5, 5),
    ("point", "series", Series(np.zeros(7)), 7), ("call", "text", "x" * 5000, 1), ("row", "text", "x", 1),
])
def test_units(unit: str, kind: str, value: Any, expected: int) -> None:
    assert count_units(unit, {"field": {"kind": kind}}, {"field": value}) == expected


def test_boxes() -> None:
    one, moved, far = Box(0, 0, 10, 10, 0.5), Box(5, 0, 10, 10, 0.9), Box(50, 50, 1, 1, 0.1)
    assert iou(one, moved) == pytest.approx(1 / 3)
    assert nms([one, moved, far], 0.3) == [moved, far]
    assert nms([one, moved], 0.4) == [moved, one]
    boxed = letterbox(np.full((50, 100, 3), 7, np.uint8), 20)
    assert boxed.canvas[0].max() == 0
    assert boxed.canvas[10].min() == 7
    assert boxed.back(20, 15) == (100, 50)


def test_plain_leaves_only_json() -> None:
    found = plain({"a": np.float32(0.5), "b": np.arange(2), "c": (math.nan, np.inf), 1: None})
    assert found == {"a": 0.5, "b": [0, 1], "c": [None, None], "1": None}
    with pytest.raises(TypeError):
        plain({"a": object()})


def test_output_fault_says_where() -> None:
    assert output_fault("ranked", {"results": [{"index": 0, "text": "a", "score": 1}]}) is None
    assert "score" in str(output_fault("label_scores", {"labels": [{"label": "a"}]}))


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4))


@pytest.mark.parametrize("kind", sorted(DECODERS))
@settings(max_examples=60, deadline=None)
@given(value=JSON)
def test_no_value_makes_a_decoder_raise_anything_but_invalid_input(kind: str, value: Any) -> None:
    pointer = "/input/f"
    try:
        decode_fields({"f": {"kind": kind, "choices": ["a"]}}, {"f": value}, [])
    except InvalidInput as error:
        pointer = error.errors[0].pointer
    assert pointer.startswith("/input/f")
