"""Seeded training of the small nets that the catalogue ships (source S2). Run at build time, never while serving.

`python -m model_registry.training.NAME` trains, measures on held-out data, writes the net beside its entry and the
metrics to `metrics/NAME.json`, from which the cards quote.
"""
