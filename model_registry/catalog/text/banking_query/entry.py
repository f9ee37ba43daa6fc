"""Banking question: a small trained net over MiniLM's sentence vector."""

from __future__ import annotations

from model_registry.catalog_kit.text_heads import text_head

LABELS = ("account_details", "fees", "loans", "lost_or_stolen_card", "transfers", "unknown_payment")
run = text_head("banking-query-head", LABELS)
