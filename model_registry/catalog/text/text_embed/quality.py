"""Pairs of sentences that mean the same, and pairs that only share words: which lie nearer?"""

from __future__ import annotations

import numpy as np

from model_registry.catalog_kit.quality import Ask, Measure

# A sentence, the same in other words, and another that shares words with the first.
TRIPLES = (
    ("How do I reset my password?", "I forgot my login details.", "How do I reset the alarm clock?"),
    (
        "The meeting was moved to Friday.",
        "They rescheduled the appointment for the end of the week.",
        "The furniture was moved to the garage.",
    ),
    (
        "She plays the violin beautifully.",
        "Her performance on the fiddle is wonderful.",
        "She plays football on Sundays.",
    ),
    ("The bank refused the loan.", "Our request for credit was turned down.", "The river bank was flooded."),
    (
        "The engine overheats on long climbs.",
        "The motor gets too hot going uphill.",
        "The search engine returns long lists.",
    ),
    (
        "Prices rose sharply last year.",
        "Inflation was high over the past twelve months.",
        "The sun rose early last year.",
    ),
    (
        "The doctor prescribed antibiotics.",
        "She was given medicine against the infection.",
        "The doctor of philosophy wrote a book.",
    ),
    ("He is afraid of heights.", "Tall buildings make him nervous.", "He is at the height of his career."),
    ("The parcel arrived damaged.", "My delivery came broken.", "The guests arrived late."),
    ("We need to cut costs.", "Spending has to go down.", "We need to cut the cake."),
)


def measure(ask: Ask) -> list[Measure]:
    vectors = np.array(ask(texts=[text for triple in TRIPLES for text in triple]).output["embeddings"]).reshape(
        10, 3, -1
    )
    same = np.einsum("ij,ij->i", vectors[:, 0], vectors[:, 1])
    other = np.einsum("ij,ij->i", vectors[:, 0], vectors[:, 2])
    length = float(np.abs(np.linalg.norm(vectors, axis=2) - 1).max())
    data = "ten triples written for this: a sentence, its paraphrase, and one that shares its words"
    return [
        Measure("paraphrase nearer than shared words", 100 * float((same > other).mean()), "%", data=data, at_least=80),
        Measure("cosine of paraphrases", float(same.mean()), data=data),
        Measure("cosine of the others", float(other.mean()), data=data),
        Measure("deviation of the length from 1", length, data=data, at_most=0.001),
    ]
