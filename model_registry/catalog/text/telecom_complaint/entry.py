"""Telecom complaint sorting: a small trained net over MiniLM's sentence vector."""

from __future__ import annotations

from model_registry.catalog_kit.text_heads import text_head

LABELS = ("billing", "contract", "coverage", "customer_service", "device", "slow_internet")
run = text_head("telecom-complaint-head", LABELS)
