"""The outputs of capabilities as types: `client.models.get("face-detect", results.Boxes)`.

Generated from the catalogue's output schemas by sdk/generate.py. Do not edit.
"""

from __future__ import annotations

from typing import Any

from tessera.record import Record


class Audio(Record):
    duration: float
    audio: str


class Keypoint(Record):
    x: float
    y: float
    name: str


class Box(Record):
    x: float
    y: float
    width: float
    height: float
    score: float
    label: str
    keypoints: list[Keypoint]  # where the model gives one
    polygon: list[list[float]]  # where the model gives one
    frame: int  # where the model gives one
    id: int  # where the model gives one


class Boxes(Record):
    width: int
    height: int
    boxes: list[Box]


class Segment(Record):
    start: int
    end: int
    mean: float


class Breaks(Record):
    breaks: list[int]
    segments: list[Segment]


class Code(Record):
    format: str
    text: str
    polygon: list[list[float]]


class Codes(Record):
    width: int
    height: int
    codes: list[Code]


class Embedding(Record):
    dimensions: int
    embeddings: list[list[float]]


class Node(Record):
    id: str
    score: float  # where the model gives one
    group: int | str  # where the model gives one


class Edge(Record):
    source: str
    target: str
    weight: float  # where the model gives one
    score: float  # where the model gives one


class Graph(Record):
    nodes: list[Node]
    edges: list[Edge]
    summary: Record  # where the model gives one
    path: list[str]  # where the model gives one


class Image(Record):
    width: int
    height: int
    image: str


class KeyValues(Record):
    pass


class Point(Record):
    x: float
    y: float
    z: float  # where the model gives one
    score: float  # where the model gives one
    name: str  # where the model gives one


class Instance(Record):
    score: float
    points: list[Point]
    label: str  # where the model gives one
    box: Box  # where the model gives one


class Keypoints(Record):
    width: int
    height: int
    instances: list[Instance]
    skeleton: list[list[int]]  # where the model gives one


class Label(Record):
    label: str
    score: float


class LabelScores(Record):
    labels: list[Label]


class Mask(Record):
    width: int
    height: int
    mask: str
    coverage: float


class Line(Record):
    text: str
    score: float
    polygon: list[list[float]]


class Ocr(Record):
    width: int
    height: int
    text: str
    lines: list[Line]


class Plan(Record):
    status: str
    objective: float | None
    summary: Record  # where the model gives one


class Result(Record):
    index: int
    text: str
    score: float


class Ranked(Record):
    results: list[Result]


class Check(Record):
    name: str
    passed: bool | None
    value: Any
    detail: str


class Report(Record):
    verdict: str
    score: float | None
    checks: list[Check]


class Route(Record):
    vehicle: int
    stops: list[int]
    distance: float
    load: float


class Routes(Record):
    routes: list[Route]
    points: list[list[float]]
    distance: float
    unserved: list[int]


class Reason(Record):
    field: str
    contribution: float


class Row(Record):
    index: int
    score: float | None
    label: str  # where the model gives one
    reasons: list[Reason]  # where the model gives one


class RowScores(Record):
    rows: list[Row]


class Segment_(Record):
    start: float
    end: float
    label: str
    score: float


class Segments(Record):
    duration: float
    segments: list[Segment_]
    text: str  # where the model gives one


class Forecast(Record):
    step: int
    value: float
    lower: float | None
    upper: float | None


class SeriesForecast(Record):
    history: list[float | None]
    forecast: list[Forecast]
    method: str
    backtest: Record | None


class Anomalie(Record):
    index: int
    value: float | None
    score: float


class SeriesPoints(Record):
    anomalies: list[Anomalie]
    baseline: list[float | None]  # where the model gives one
    summary: Record  # where the model gives one


class Span(Record):
    start: int
    end: int
    label: str
    text: str
    score: float  # where the model gives one


class Spans(Record):
    text: str
    spans: list[Span]
    redacted: str  # where the model gives one


class Svg(Record):
    width: int
    height: int
    svg: str


class Table(Record):
    columns: list[str]
    rows: list[Record]
    summary: Record  # where the model gives one


class Tensors(Record):
    tensors: Record


class Token(Record):
    text: str
    tag: str


class Tokens(Record):
    tokens: list[Token]


BY_OUTPUT: dict[str, type[Record]] = {
    "audio": Audio,
    "boxes": Boxes,
    "breaks": Breaks,
    "codes": Codes,
    "embedding": Embedding,
    "graph": Graph,
    "image": Image,
    "key_values": KeyValues,
    "keypoints": Keypoints,
    "label_scores": LabelScores,
    "mask": Mask,
    "ocr": Ocr,
    "plan": Plan,
    "ranked": Ranked,
    "report": Report,
    "routes": Routes,
    "row_scores": RowScores,
    "segments": Segments,
    "series_forecast": SeriesForecast,
    "series_points": SeriesPoints,
    "spans": Spans,
    "svg": Svg,
    "table": Table,
    "tensors": Tensors,
    "tokens": Tokens,
}
BY_TASK: dict[str, type[Record]] = {
    "anomaly-inspection": Mask,
    "audio-analysis": KeyValues,
    "audio-classification": LabelScores,
    "audio-editing": Audio,
    "audio-enhancement": Audio,
    "audio-fingerprinting": Ranked,
    "audio-segmentation": Segments,
    "barcode-generation": Image,
    "barcode-reading": Codes,
    "biosignal-analysis": SeriesPoints,
    "change-point-detection": Breaks,
    "code-analysis": Report,
    "condition-monitoring": LabelScores,
    "customer-analytics": RowScores,
    "data-quality": Report,
    "depth-estimation": Image,
    "document-cleaning": Image,
    "document-conversion": Table,
    "document-extraction": KeyValues,
    "document-layout": Boxes,
    "energy-analysis": KeyValues,
    "explanation": RowScores,
    "face-analysis": KeyValues,
    "face-detection": Boxes,
    "face-landmarks": Keypoints,
    "face-verification": Report,
    "file-identification": LabelScores,
    "fill-mask": LabelScores,
    "forecasting": SeriesForecast,
    "fraud-detection": Graph,
    "geo-analysis": Table,
    "gesture-recognition": LabelScores,
    "graph-analysis": Graph,
    "hand-tracking": Keypoints,
    "identifier-validation": Report,
    "image-analysis": KeyValues,
    "image-captioning": KeyValues,
    "image-classification": LabelScores,
    "image-editing": Image,
    "image-enhancement": Image,
    "image-forensics": Image,
    "image-matching": Image,
    "image-quality": Report,
    "image-segmentation": Mask,
    "image-similarity": Report,
    "information-extraction": Spans,
    "inventory-planning": KeyValues,
    "keyword-extraction": Ranked,
    "language-identification": LabelScores,
    "log-analysis": Table,
    "mathematical-optimization": Plan,
    "medical-imaging": Image,
    "molecule-analysis": KeyValues,
    "motion-analysis": Image,
    "music-analysis": Segments,
    "named-entities": Spans,
    "object-counting": Boxes,
    "object-detection": Boxes,
    "object-tracking": Boxes,
    "ocr": Ocr,
    "person-segmentation": Mask,
    "pii-detection": Spans,
    "portfolio-optimization": KeyValues,
    "pose-estimation": Keypoints,
    "pricing-analytics": KeyValues,
    "process-control": Report,
    "question-answering": Spans,
    "recommendation": Ranked,
    "record-matching": Ranked,
    "resource-allocation": Plan,
    "risk-analysis": KeyValues,
    "route-planning": Routes,
    "saliency": Image,
    "scheduling": Plan,
    "semantic-search": Ranked,
    "sentiment-analysis": LabelScores,
    "sequence-analysis": KeyValues,
    "series-analysis": KeyValues,
    "series-anomaly-detection": SeriesPoints,
    "series-decomposition": Table,
    "series-similarity": KeyValues,
    "signal-analysis": KeyValues,
    "speaker-recognition": Report,
    "speech-recognition": Segments,
    "statistical-testing": Report,
    "summarization": Ranked,
    "survival-analysis": RowScores,
    "table-extraction": Table,
    "tabular-anomaly-detection": RowScores,
    "tabular-classification": RowScores,
    "tabular-clustering": RowScores,
    "tabular-preparation": Table,
    "tabular-regression": RowScores,
    "text-analysis": KeyValues,
    "text-classification": LabelScores,
    "text-clustering": Table,
    "text-correction": Spans,
    "text-embedding": Embedding,
    "text-similarity": Ranked,
    "text-transformation": KeyValues,
    "tokenization": Tokens,
    "translation": KeyValues,
    "voice-activity-detection": Segments,
}
