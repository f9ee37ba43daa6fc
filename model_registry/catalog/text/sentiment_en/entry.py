"""Polarity of English text by the VADER lexicon."""

from __future__ import annotations

from functools import cache

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from model_registry.catalog_kit import InvalidInput, Request, Result

THRESHOLD = 0.05  # VADER's authors call anything nearer to zero neutral


@cache
def _analyzer() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer()


def run(request: Request) -> Result:
    text = request.input["text"]
    if not text.strip():
        raise InvalidInput("the text is empty", field="text")
    found = _analyzer().polarity_scores(text)
    compound = found["compound"]
    verdict = "neutral" if abs(compound) < THRESHOLD else "positive" if compound > 0 else "negative"
    labels = [{"label": "positive", "score": round((1 + compound) / 2, 4)},
              {"label": "negative", "score": round((1 - compound) / 2, 4)}]
    labels.sort(key=lambda item: -float(str(item["score"])))
    shares = {name: found[key] for name, key in (("positive", "pos"), ("neutral", "neu"), ("negative", "neg"))}
    return Result({"labels": labels, "verdict": verdict, "compound": compound, "shares": shares})
