"""HR question routing: a small trained net over MiniLM's sentence vector."""

from __future__ import annotations

from model_registry.catalog_kit.text_heads import text_head

LABELS = ("benefits", "leave", "pay", "recruitment", "training", "workplace_conduct")
run = text_head("hr-question-head", LABELS)
