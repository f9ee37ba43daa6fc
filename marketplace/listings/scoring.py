"""How a model's answers are held against labels: what of an output counts as its answer, and figures with their doubt.

Pure. An accuracy is given with Wilson's interval (Wilson 1927), which stays inside 0…1 and honest for few rows.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

Z_95 = 1.959963984540054  # of the normal distribution: 95 % lie within


def _top_label(output: Mapping[str, Any]) -> str:
    if isinstance(output.get("verdict"), str):
        return str(output["verdict"])
    labels = output.get("labels") or []
    return str(max(labels, key=lambda one: one["score"])["label"]) if labels else ""


def _spans(output: Mapping[str, Any]) -> str:
    """The kind that covers most characters; nothing found is the answer `none`."""
    covered: Counter[str] = Counter()
    for span in output.get("spans") or []:
        covered[str(span["label"])] += max(0, int(span["end"]) - int(span["start"]))
    return max(sorted(covered), key=lambda label: covered[label]) if covered else "none"


def _named(output: Mapping[str, Any]) -> str:
    """The value called `text`, `value` or `verdict`, or else the first one."""
    values = {str(one["name"]): one.get("value") for one in reversed(output.get("values") or [])}
    for name in ("text", "value", "verdict"):
        if name in values:
            return str(values[name])
    return str(next(reversed(values.values()))) if values else ""


# Output kind → the text that is held against the label.
ANSWERS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "label_scores": _top_label,
    "report": lambda output: str(output.get("verdict", "")),
    "spans": _spans,
    "codes": lambda output: str(next((one["text"] for one in output.get("codes") or []), "")),
    "ocr": lambda output: str(output.get("text", "")),
    "segments": lambda output: " ".join(str(one.get("label", "")) for one in output.get("segments") or []),
    "boxes": lambda output: str(len(output.get("boxes") or [])),
    "key_values": _named,
    "ranked": lambda output: str(next((one["text"] for one in output.get("results") or []), "")),
    "tokens": lambda output: " ".join(str(one.get("tag", one["text"])) for one in output.get("tokens") or []),
}


def answer(kind: str, output: Mapping[str, Any]) -> str:
    """What a model said, as text. `kind` is one of ANSWERS."""
    return ANSWERS[kind](output)


def plain(text: str) -> str:
    """Text for comparing: one form of each character, one blank between words, no case."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def wilson(correct: int, total: int, z: float = Z_95) -> tuple[float, float]:
    """The interval in which the true share lies with the confidence of `z`; (0, 1) where nothing was seen."""
    if total == 0:
        return 0.0, 1.0
    share, square = correct / total, z * z
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = z / (1 + square / total) * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    return (middle - half if correct else 0.0), (middle + half if correct < total else 1.0)


def nearest_rank(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of all don't exceed; None of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def frontier(points: Sequence[tuple[Decimal, float]]) -> set[int]:
    """The places of the points (cost, accuracy) that no other point beats: none costs less and is as right, or costs
    as little and is more often right.
    """
    return {place for place, (cost, right) in enumerate(points)
            if not any((other < cost and accuracy >= right) or (other <= cost and accuracy > right)
                       for other, accuracy in points)}
