"""How an entry is measured: `quality.py` beside it says on what data, and what it must reach.

    def samples() -> dict[str, Any]:            # optional: the files that example.json names, made anew
        return {"scene.png": scene()}

    def measure(ask: Ask) -> list[Measure]:
        error = abs(ask(image=turned(7)).output["values"]["angle"] + 7)
        return [Measure("angle error", error, "°", data="a page turned by 7°", at_most=0.5)]

The truth comes from the data (labels, a scene drawn here, a published value), never from the entry. `make catalog-eval`
writes what was measured into metrics.json; the catalogue's test fails where a bound is missed.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_registry.catalog_kit.images import encode_png
from model_registry.catalog_kit.nets import LocalNets
from model_registry.catalog_kit.runner import SAMPLES, load_module, local_nets, run_capability
from model_registry.catalog_kit.sound import encode_wav
from model_registry.catalog_kit.types import Audio, Media, Nets


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure: what, how much, on which data, by which method, and what it must be at least or at most."""

    name: str
    value: float
    unit: str = ""
    data: str = ""
    method: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def fault(self) -> str | None:
        """Why the figure is not good enough, or None."""
        if self.at_least is not None and not self.value >= self.at_least:
            return f"{self.name}: {self.value:.4g} is below {self.at_least:.4g}"
        if self.at_most is not None and not self.value <= self.at_most:
            return f"{self.name}: {self.value:.4g} is above {self.at_most:.4g}"
        return None

    def as_json(self) -> dict[str, str]:
        """The figure as a card shows it, with four significant digits."""
        value = f"{float(self.value):.4g}"
        if "e" in value:
            value = f"{float(value):.6f}".rstrip("0").rstrip(".")
        return {"name": self.name, "value": f"{value} {self.unit}".strip(), "data": self.data, "method": self.method}


@dataclass(frozen=True, slots=True)
class Answer:
    """What an entry answered: the output, and its files."""

    output: dict[str, Any]
    files: list[Media]
    warnings: list[str]

    def image(self, index: int = 0) -> NDArray[np.uint8]:
        """The pixels of a file of the answer."""
        from PIL import Image

        return np.asarray(Image.open(io.BytesIO(self.files[index].data)))

    def audio(self, index: int = 0) -> Audio:
        """The sound of a file of the answer."""
        import soundfile

        samples, rate = soundfile.read(io.BytesIO(self.files[index].data), dtype="float32")
        return Audio(samples, int(rate))

    @property
    def values(self) -> dict[str, Any]:
        """`values` of the output; where they are a list of names and values, by name."""
        found: Any = self.output["values"]
        return found if isinstance(found, dict) else {v["name"]: v["value"] for v in found}


class Ask:
    """Calls one entry: `ask(image=array, parameters={"mode": "near"})`.

    Arrays of uint8 are sent as PNG, Audio as WAV, a Path as the file's bytes, a list of them as a list; everything else
    as JSON.
    """

    def __init__(self, folder: Path, nets: Nets | None = None) -> None:
        self.folder = folder
        self.nets = nets or local_nets()

    def request(self, parameters: Mapping[str, Any] | None, fields: Mapping[str, Any]) -> tuple[dict[str, Any],
                                                                                               list[bytes]]:
        """The request of a question, and its files."""
        media: list[bytes] = []
        body = {"input": {k: _sent(v, media) for k, v in fields.items()}, "parameters": dict(parameters or {})}
        return body, media

    def __call__(self, *, parameters: Mapping[str, Any] | None = None, **fields: Any) -> Answer:
        body, media = self.request(parameters, fields)
        response, files = run_capability(self.folder, body, media, nets=self.nets)
        return Answer(response["output"], files, response["warnings"])

    def sample(self, name: str) -> Path:
        """A file beside the entry, or one of the shared samples."""
        beside = self.folder / name
        return beside if beside.is_file() else SAMPLES / name


def _sent(value: Any, media: list[bytes]) -> Any:
    if isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim in (2, 3):
        value = encode_png(value)
    elif isinstance(value, Audio):
        value = encode_wav(value.samples, value.rate)
    elif isinstance(value, Path):
        value = value.read_bytes()
    if isinstance(value, bytes):
        media.append(value)
        return {"$media": len(media) - 1}
    if isinstance(value, list) and value and isinstance(value[0], np.ndarray | Audio | Path | bytes):
        return [_sent(v, media) for v in value]
    return value


def quality_module(folder: Path) -> ModuleType | None:
    """The entry's quality.py, or None."""
    return load_module(folder, "quality") if (folder / "quality.py").is_file() else None


def measure(folder: Path, nets: LocalNets | None = None) -> list[Measure]:
    """Every figure of an entry; none where it has no quality.py."""
    module = quality_module(folder)
    return [] if module is None else list(module.measure(Ask(folder, nets)))


def psnr(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Peak signal to noise in decibels, for 8-bit pictures of one shape."""
    error = float(np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2))
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def overlap(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Intersection over union of two masks."""
    a, b = np.asarray(one) > 0, np.asarray(other) > 0
    return float((a & b).sum() / max((a | b).sum(), 1))


def write_samples(folder: Path) -> Sequence[Path]:
    """Makes the entry's sample files anew."""
    from PIL import Image

    module = quality_module(folder)
    made = []
    for name, content in (module.samples() if module is not None and hasattr(module, "samples") else {}).items():
        place = folder / name
        if isinstance(content, np.ndarray):
            Image.fromarray(content).save(place, quality=88)
        elif isinstance(content, Audio):
            import soundfile

            soundfile.write(place, content.samples, content.rate)
        else:
            place.write_bytes(content)
        made.append(place)
    return made
