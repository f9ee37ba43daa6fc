"""The shapes that answers have: output name → JSON Schema. One renderer in the portal draws each of them."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

NUMBER: Schema = {"type": "number"}
NULLABLE: Schema = {"type": ["number", "null"]}
INTEGER: Schema = {"type": "integer", "minimum": 0}
TEXT: Schema = {"type": "string"}
SCALAR: Schema = {"type": ["string", "number", "boolean", "null"]}
MEDIA: Schema = {"anyOf": [
    {"type": "object", "properties": {"$media": INTEGER}, "required": ["$media"], "additionalProperties": False},
    {"type": "string", "pattern": "^data:"},  # as the gateway hands it on
]}


def _object(required: dict[str, Schema], optional: dict[str, Schema] | None = None, *, more: bool = False) -> Schema:
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required),
            "additionalProperties": more}


def _list(items: Schema, **bounds: int) -> Schema:
    return {"type": "array", "items": items, **bounds}


_POINT = _list(NUMBER, minItems=2, maxItems=2)
_POLYGON = _list(_POINT, minItems=3)
_SIZE = {"width": INTEGER, "height": INTEGER}
_KEYPOINT = _object({"x": NUMBER, "y": NUMBER, "name": TEXT})
_BOX = _object({"x": NUMBER, "y": NUMBER, "width": NUMBER, "height": NUMBER, "score": NUMBER, "label": TEXT},
               {"keypoints": _list(_KEYPOINT), "polygon": _POLYGON, "frame": INTEGER, "id": {"type": "integer"}})
_PLACE = _object({"x": NUMBER, "y": NUMBER}, {"z": NUMBER, "score": NUMBER, "name": TEXT})

OUTPUTS: dict[str, Schema] = {
    "tensors": _object({"tensors": {"type": "object", "additionalProperties": {"type": "array"}}}),
    "label_scores": _object({"labels": _list(_object({"label": TEXT, "score": NUMBER}), minItems=1)}, more=True),
    "boxes": _object({**_SIZE, "boxes": _list(_BOX)}, {"values": {"type": "object"}}),
    "keypoints": _object(
        {**_SIZE, "instances": _list(_object(
            {"score": NUMBER, "points": _list(_PLACE)}, {"label": TEXT, "box": _BOX}))},
        {"skeleton": _list(_list(INTEGER, minItems=2, maxItems=2)), "values": {"type": "object"}}),
    "mask": _object({**_SIZE, "mask": MEDIA, "coverage": NUMBER}, {"values": {"type": "object"}}),
    "image": _object({**_SIZE, "image": MEDIA}, {"values": {"type": "object"}}),
    "audio": _object({"duration": NUMBER, "audio": MEDIA}, {"values": {"type": "object"}}),
    "ocr": _object({**_SIZE, "text": TEXT, "lines": _list(_object(
        {"text": TEXT, "score": NUMBER, "polygon": _list(_POINT, minItems=4, maxItems=4)}))}),
    "codes": _object({**_SIZE, "codes": _list(_object({"format": TEXT, "text": TEXT, "polygon": _list(_POINT)}))}),
    "segments": _object({"duration": NUMBER, "segments": _list(_object(
        {"start": NUMBER, "end": NUMBER, "label": TEXT, "score": NUMBER}))},
        {"values": {"type": "object"}, "text": TEXT}),
    "spans": _object({"text": TEXT, "spans": _list(_object(
        {"start": INTEGER, "end": INTEGER, "label": TEXT, "text": TEXT}, {"score": NUMBER}, more=True))},
        {"redacted": TEXT}),
    "tokens": _object({"tokens": _list(_object({"text": TEXT, "tag": TEXT}))}),
    "ranked": _object({"results": _list(_object({"index": INTEGER, "text": TEXT, "score": NUMBER}))}, more=True),
    "embedding": _object({"dimensions": INTEGER, "embeddings": _list(_list(NUMBER), minItems=1)}),
    "series_forecast": _object({
        "history": _list(NULLABLE),
        "forecast": _list(_object(
            {"step": INTEGER, "value": NUMBER, "lower": NULLABLE, "upper": NULLABLE}), minItems=1),
        "method": TEXT, "backtest": {"type": ["object", "null"]}}),
    "series_points": _object(
        {"values": _list(NULLABLE),
         "anomalies": _list(_object({"index": INTEGER, "value": NULLABLE, "score": NUMBER}))},
        {"baseline": _list(NULLABLE), "summary": {"type": "object"}}),
    "breaks": _object({"values": _list(NULLABLE), "breaks": _list(INTEGER),
                       "segments": _list(_object({"start": INTEGER, "end": INTEGER, "mean": NUMBER}))}),
    "row_scores": _object({"rows": _list(_object(
        {"index": INTEGER, "score": NULLABLE},
        {"label": TEXT, "reasons": _list(_object({"field": TEXT, "contribution": NUMBER}))}, more=True))}, more=True),
    "routes": _object({
        "routes": _list(_object({"vehicle": INTEGER, "stops": _list(INTEGER), "distance": NUMBER, "load": NUMBER})),
        "points": _list(_POINT), "distance": NUMBER, "unserved": _list(INTEGER)}),
    "key_values": _object(
        {"values": _list(_object({"name": TEXT, "value": {}}, {"unit": TEXT, "note": TEXT}))}, more=True),
    "report": _object({"verdict": TEXT, "score": NULLABLE, "checks": _list(_object(
        {"name": TEXT, "passed": {"type": ["boolean", "null"]}, "value": {}, "detail": TEXT}))}, more=True),
    "table": _object({"columns": _list(TEXT), "rows": _list({"type": "object", "additionalProperties": SCALAR})},
                     {"summary": {"type": "object"}}),
    # A plan is what is to be done: items with whatever columns they have; start and end make it a Gantt chart.
    "plan": _object({"status": TEXT, "objective": NULLABLE, "items": _list(_object(
        {"name": TEXT}, {"start": NUMBER, "end": NUMBER, "resource": {"type": ["string", "null"]}, "value": SCALAR},
        more=True))}, {"summary": {"type": "object"}}),
    "graph": _object({
        "nodes": _list(_object({"id": TEXT}, {"score": NUMBER, "group": {"type": ["integer", "string"]}}, more=True)),
        "edges": _list(_object({"source": TEXT, "target": TEXT}, {"weight": NUMBER, "score": NUMBER}, more=True))},
        {"summary": {"type": "object"}, "path": _list(TEXT)}),
    "svg": _object({**_SIZE, "svg": TEXT}, {"values": {"type": "object"}}),
}


def output_fault(name: str, output: object) -> str | None:
    """What is wrong with an output, or None where it holds its schema."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    fault = best_match(Draft202012Validator(OUTPUTS[name]).iter_errors(output))
    return None if fault is None else f"{fault.json_path}: {fault.message[:300]}"
