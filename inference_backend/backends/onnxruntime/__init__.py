"""The onnxruntime backend of the embedded Triton; `model.py` runs inside it."""
