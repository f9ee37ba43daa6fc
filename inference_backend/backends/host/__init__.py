"""The host of algorithm capabilities; `model.py` runs inside Triton."""
