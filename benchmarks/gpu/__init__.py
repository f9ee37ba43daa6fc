"""ResNet-50 on a GPU through PyTorch, ONNX Runtime and TensorRT: the article's table, measured here."""
