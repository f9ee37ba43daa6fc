"""IT ticket routing: a small trained net over MiniLM's sentence vector."""

from __future__ import annotations

from model_registry.catalog_kit.text_heads import text_head

LABELS = ("access", "email", "hardware", "network", "security", "software")
run = text_head("it-ticket-route-head", LABELS)
