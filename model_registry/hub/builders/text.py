"""Texts to labels, vectors, entities, answers: encoders with the model's own tokenizer."""

from __future__ import annotations

from typing import Any

import numpy as np

from model_registry.catalog_kit.types import Nets, Request, Result
from model_registry.hub.builders.vision import LABELS, TOP, unit
from model_registry.hub.kit import Answer, Array, Builder, Kit, activate, refuse, softmax, top

BATCH = 16
TEXT = {"text": {"kind": "text", "max_chars": 20_000}}


class Encoder:
    """Texts, or pairs of them, through the tokenizer and the net."""

    def __init__(self, kit: Kit) -> None:
        self.kit, self.net = kit, kit.net
        self.most = int(kit.options.get("tokens", 512))
        self.tokenizer = kit.tokenizer(self.most)

    def encode(self, texts: list[Any]) -> list[Any]:
        return list(self.tokenizer.encode_batch(texts))

    def run(self, nets: Nets, encoded: list[Any]) -> list[Array]:
        """All outputs for one batch of encodings of one length."""
        return self.net.run(nets, {
            "input_ids": np.array([e.ids for e in encoded]),
            "attention_mask": np.array([e.attention_mask for e in encoded]),
            "token_type_ids": np.array([e.type_ids for e in encoded])})


def _cut(encoded: list[Any], most: int) -> list[str]:
    cut = sum(bool(e.overflowing) for e in encoded)
    return [f"{cut} of {len(encoded)} texts were cut at {most} tokens"] if cut else []


def embed(kit: Kit) -> Answer:
    """Options: `pool` (first, mean, last or none), `prefix` put before each text, `tokens`."""
    encoder = Encoder(kit)
    pool, prefix = kit.options.get("pool", "mean"), kit.options.get("prefix", "")

    def answer(request: Request) -> Result:
        texts = [prefix + text for text in request.input["texts"]]
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # alike lengths share a batch
        vectors: list[Array] = [np.empty(0)] * len(texts)
        warnings: list[str] = []
        for at in range(0, len(order), BATCH):
            chosen = order[at:at + BATCH]
            encoded = encoder.encode([texts[i] for i in chosen])
            warnings += _cut(encoded, encoder.most)
            found = encoder.run(request.nets, encoded)[0].astype(np.float64)
            masks = np.array([e.attention_mask for e in encoded])
            for i, states, mask in zip(chosen, found, masks, strict=True):
                vectors[i] = unit(_pooled(states, mask, pool))
        return Result({"dimensions": len(vectors[0]), "embeddings": [v.round(6).tolist() for v in vectors]},
                      warnings=warnings)

    return answer


def _pooled(states: Array, mask: Array, pool: str) -> Array:
    if states.ndim == 1:
        return states
    if pool == "first":
        return np.asarray(states[0])
    if pool == "last":
        return np.asarray(states[int(np.flatnonzero(mask)[-1])])
    return np.asarray((states * mask[:, None]).sum(axis=0) / max(1, int(mask.sum())))


def classify(kit: Kit) -> Answer:
    """Options: `activation` softmax, or sigmoid where several labels may hold."""
    encoder = Encoder(kit)
    how = kit.options.get("activation", "softmax")

    def answer(request: Request) -> Result:
        encoded = encoder.encode([request.input["text"]])
        scores = activate(encoder.run(request.nets, encoded)[0][0], how)
        return Result({"labels": top(kit, scores, request.parameters["top"])}, warnings=_cut(encoded, encoder.most))

    return answer


def entities(kit: Kit) -> Answer:
    """Labels of tokens in the B-/I- way, joined to spans of the text."""
    encoder = Encoder(kit)

    def answer(request: Request) -> Result:
        text = request.input["text"]
        encoded = encoder.encode([text])
        scores = softmax(encoder.run(request.nets, encoded)[0][0])
        spans: list[dict[str, Any]] = []
        open_label = ""
        for (start, end), special, row in zip(encoded[0].offsets, encoded[0].special_tokens_mask, scores, strict=True):
            if special or start == end:
                continue
            best = int(row.argmax())
            mark, _, label = kit.label(best).rpartition("-")
            if not label or label == "O":
                open_label = ""
                continue
            # A piece of a word goes on where the last one ended, whatever its own label says.
            inside = spans and open_label and (start == spans[-1]["end"] or (mark != "B" and label == open_label))
            if inside:
                spans[-1]["end"] = end
                spans[-1]["scores"].append(float(row[best]))
            else:
                spans.append({"start": start, "end": end, "label": label, "scores": [float(row[best])]})
                open_label = label
        shown = []
        for span in spans:
            found = text[span["start"]:span["end"]]
            blank = len(found) - len(found.lstrip())
            shown.append({"start": span["start"] + blank, "end": span["end"], "label": span["label"],
                          "text": found.strip(), "score": round(float(np.mean(span["scores"])), 5)})
        return Result({"text": text, "spans": shown}, warnings=_cut(encoded, encoder.most))

    return answer


def fill_gap(kit: Kit) -> Answer:
    """The likeliest words for one gap, written [MASK] whatever the model's own mark is."""
    encoder = Encoder(kit)
    mark = next((t for t in ("[MASK]", "<mask>") if encoder.tokenizer.token_to_id(t) is not None), "[MASK]")
    number = encoder.tokenizer.token_to_id(mark)

    def answer(request: Request) -> Result:
        text = request.input["text"]
        if text.count("[MASK]") != 1:
            raise refuse("write [MASK] once, where a word is missing", "text")
        encoded = encoder.encode([text.replace("[MASK]", mark)])
        if number not in encoded[0].ids:
            raise refuse(f"the gap lies behind the first {encoder.most} tokens", "text")
        scores = softmax(encoder.run(request.nets, encoded)[0][0][encoded[0].ids.index(number)])
        order = np.argsort(-scores, kind="stable")[:request.parameters["top"]]
        return Result({"labels": [{"label": encoder.tokenizer.decode([int(i)]).strip() or f"token {i}",
                                   "score": round(float(scores[i]), 6)} for i in order]})

    return answer


def zero_shot(kit: Kit) -> Answer:
    """Natural language inference: how far the text entails "this example is about …" for each label. Options:
    `entails`, `contradicts` (places of these classes, else told by the labels), `template`."""
    encoder = Encoder(kit)
    names = [label.lower() for label in kit.labels]
    entails = next((i for i, n in enumerate(names) if n.startswith("entail")), int(kit.options.get("entails", 0)))
    against = next((i for i, n in enumerate(names) if n.startswith("contra")), int(kit.options.get("contradicts", -1)))
    template = kit.options.get("template", "This example is {}.")

    def answer(request: Request) -> Result:
        labels = request.input["labels"]
        found = []
        for at in range(0, len(labels), BATCH):
            encoded = encoder.encode([(request.input["text"], template.format(label))
                                      for label in labels[at:at + BATCH]])
            found.append(encoder.run(request.nets, encoded)[0])
        scores = np.concatenate(found)
        if request.parameters["several"]:
            shares = softmax(scores[:, [against, entails]])[:, 1]
        else:
            shares = softmax(scores[:, entails])
        order = np.argsort(-shares, kind="stable")
        return Result({"labels": [{"label": labels[i], "score": round(float(shares[i]), 6)} for i in order]})

    return answer


def answer_question(kit: Kit) -> Answer:
    """The stretch of a text that answers a question: the best start and end, at most 30 tokens apart."""
    encoder = Encoder(kit)
    start_at, end_at = encoder.net.output("start_logits"), encoder.net.output("end_logits")

    def answer(request: Request) -> Result:
        text = request.input["text"]
        encoded = encoder.encode([(request.input["question"], text)])
        found = encoder.run(request.nets, encoded)
        usable = np.array([sequence == 1 for sequence in encoded[0].sequence_ids])
        if not usable.any():
            raise refuse("the question leaves no room for the text", "question")
        first, last = (np.where(usable, softmax(np.where(usable, found[place][0], -1e9)), 0)
                       for place in (start_at, end_at))
        pairs = np.triu(np.outer(first, last)) - np.triu(np.outer(first, last), 30)
        one, other = np.unravel_index(int(pairs.argmax()), pairs.shape)
        start, end = encoded[0].offsets[one][0], encoded[0].offsets[other][1]
        return Result({"text": text, "spans": [{
            "start": start, "end": end, "label": "answer", "text": text[start:end],
            "score": round(float(pairs[one, other]), 5)}]}, warnings=_cut(encoded, encoder.most))

    return answer


def rank(kit: Kit) -> Answer:
    """A cross-encoder: each text read together with the query; best first."""
    encoder = Encoder(kit)

    def answer(request: Request) -> Result:
        texts = request.input["texts"]
        scores: list[float] = []
        warnings: list[str] = []
        for at in range(0, len(texts), BATCH):
            encoded = encoder.encode([(request.input["query"], text) for text in texts[at:at + BATCH]])
            warnings += _cut(encoded, encoder.most)
            scores += activate(encoder.run(request.nets, encoded)[0].reshape(len(encoded), -1)[:, -1],
                               "sigmoid").tolist()
        order = sorted(range(len(texts)), key=lambda i: -scores[i])
        return Result({"results": [{"index": i, "text": texts[i], "score": round(scores[i], 6)} for i in order]},
                      warnings=warnings)

    return answer


_TEXTS = {"texts": {"kind": "texts", "max_items": 64, "max_chars": 8000}}
_LIBRARIES = ("tokenizers",)

BUILDERS: dict[str, Builder] = {
    "embed_text": Builder(
        embed, _TEXTS, "embedding", "text-embedding", "text", "1k_chars", "0.1",
        {"input": {"texts": ["The invoice is due on Friday.", "Payment is expected by the end of the week."]}},
        libraries=_LIBRARIES),
    "classify_text": Builder(
        classify, TEXT, "label_scores", "text-classification", "text", "1k_chars", "0.1",
        {"input": {"text": "The delivery came two days early and everything works."}}, parameters=TOP,
        libraries=_LIBRARIES),
    "entities": Builder(
        entities, TEXT, "spans", "named-entities", "text", "1k_chars", "0.1",
        {"input": {"text": "Ada Lovelace met Charles Babbage in London."}}, libraries=_LIBRARIES),
    "fill_gap": Builder(
        fill_gap, TEXT, "label_scores", "fill-mask", "text", "1k_chars", "0.1",
        {"input": {"text": "The capital of France is [MASK]."}}, parameters=TOP, libraries=_LIBRARIES),
    "zero_shot": Builder(
        zero_shot, {**TEXT, "labels": LABELS}, "label_scores", "text-classification", "text", "call", "0.3",
        {"input": {"text": "The pump has been leaking since Monday.",
                   "labels": ["maintenance", "travel", "cooking"]}},
        parameters={"several": {"kind": "boolean", "default": False, "title": "Several labels may hold",
                                "title_zh": "允许多标签"}}, libraries=_LIBRARIES),
    "answer_question": Builder(
        answer_question, {"question": {"kind": "text", "max_chars": 500}, **TEXT}, "spans", "question-answering",
        "text", "1k_chars", "0.1",
        {"input": {"question": "When is the invoice due?", "text": "The invoice was sent on Monday. It is due on "
                                                                   "Friday."}}, libraries=_LIBRARIES),
    "rank": Builder(
        rank, {"query": {"kind": "text", "max_chars": 2000}, **_TEXTS}, "ranked", "semantic-search", "text",
        "1k_chars", "0.1",
        {"input": {"query": "How do I reset my password?",
                   "texts": ["Opening hours are 9 to 5.", "Choose Forgot password on the login page."]}},
        libraries=_LIBRARIES),
}
