"""Safety report sorting: a small trained net over MiniLM's sentence vector."""

from __future__ import annotations

from model_registry.catalog_kit.text_heads import text_head

LABELS = ("chemicals", "electrical", "machinery", "manual_handling", "slip_trip_fall", "vehicles")
run = text_head("safety-report-head", LABELS)
