"""Contract clause kind: a small trained net over MiniLM's sentence vector."""

from __future__ import annotations

from model_registry.catalog_kit.text_heads import text_head

LABELS = ("confidentiality", "governing_law", "intellectual_property", "liability", "payment", "termination")
run = text_head("contract-clause-head", LABELS)
