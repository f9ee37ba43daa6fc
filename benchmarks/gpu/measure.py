"""Runs inside the environment of `make bench-gpu`, which has PyTorch: exports a ResNet-50 and measures each backend.

The weights are random (seeded): speed does not depend on them, and nothing is downloaded. Latency is the median of one
image at a time from host memory and back; throughput is images a second in batches of 32, the best of three rounds.
Every backend's answer is compared with PyTorch's before it is timed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

BATCH = 32
WARM_UP, LATENCY_RUNS, ROUND_S = 20, 200, 3.0
Run = Callable[[Any], Any]


class Bottleneck(nn.Module):
    """1×1, 3×3, 1×1 with a shortcut (He et al. 2015, with the stride in the 3×3)."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = 4 * width
        self.body = nn.Sequential(
            nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        self.shortcut = nn.Identity() if stride == 1 and inputs == outputs else nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.body(x) + self.shortcut(x))


def resnet50() -> nn.Module:
    torch.manual_seed(50)
    layers: list[nn.Module] = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
                               nn.MaxPool2d(3, 2, 1)]
    inputs = 64
    for width, blocks, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for block in range(blocks):
            layers.append(Bottleneck(inputs, width, stride if block == 0 else 1))
            inputs = 4 * width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000)).eval()


def pytorch(net: nn.Module) -> Run:
    on_gpu = net.cuda()

    def run(images: Any) -> Any:
        with torch.inference_mode():
            return on_gpu(torch.from_numpy(images).cuda()).cpu().numpy()
    return run


def onnx_runtime(path: Path, provider: str, options: dict[str, Any]) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=[(provider, options), "CPUExecutionProvider"])
    if session.get_providers()[0] != provider:
        raise RuntimeError(f"this onnxruntime can't use {provider}")
    return lambda images: session.run(None, {"images": images})[0]


def measure(run: Run, expected: Run, tolerance: float) -> dict[str, float]:
    one = np.random.default_rng(1).standard_normal((1, 3, 224, 224), dtype=np.float32)
    many = np.repeat(one, BATCH, axis=0)
    difference = float(np.abs(run(one) - expected(one)).max() / np.abs(expected(one)).max())
    if difference > tolerance:
        raise RuntimeError(f"its answer differs from PyTorch's by {difference:.3f}")
    for _ in range(WARM_UP):
        run(one)
    latencies = []
    for _ in range(LATENCY_RUNS):
        began = time.perf_counter()
        run(one)
        latencies.append((time.perf_counter() - began) * 1000)
    for _ in range(5):
        run(many)
    best = 0.0
    for _ in range(3):
        began, images = time.perf_counter(), 0
        while time.perf_counter() - began < ROUND_S:
            run(many)
            images += BATCH
        best = max(best, images / (time.perf_counter() - began))
    return {"p50_ms": statistics.median(latencies), "per_second": best, "difference": difference}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    work: Path = parser.parse_args().work
    work.mkdir(parents=True, exist_ok=True)
    # 32-bit floats for the baseline, as the other backends compute with what the file says.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    net, path = resnet50(), work / "resnet50.onnx"
    torch.onnx.export(net, (torch.zeros(1, 3, 224, 224),), str(path), input_names=["images"], output_names=["scores"],
                      dynamic_axes={"images": {0: "n"}, "scores": {0: "n"}}, opset_version=17, dynamo=False)
    expected = pytorch(net)
    engines = {"trt_engine_cache_enable": True, "trt_engine_cache_path": str(work / "engines"),
               "trt_fp16_enable": True, "trt_profile_min_shapes": "images:1x3x224x224",
               "trt_profile_opt_shapes": f"images:{BATCH}x3x224x224",
               "trt_profile_max_shapes": f"images:{BATCH}x3x224x224"}
    arms: dict[str, tuple[Callable[[], Run], float]] = {
        "PyTorch": (lambda: expected, 0.0),
        "ONNX Runtime": (lambda: onnx_runtime(path, "CUDAExecutionProvider", {"use_tf32": 0}), 0.01),
        "TensorRT (FP16)": (lambda: onnx_runtime(path, "TensorrtExecutionProvider", engines), 0.05),
    }
    results: dict[str, Any] = {}
    for name, (make, tolerance) in arms.items():
        try:
            results[name] = measure(make(), expected, tolerance)
        except Exception as error:  # a backend that is not there is a line of the table, not the end of it
            print(f"{name}: {error}", file=sys.stderr)
            results[name] = {"missing": str(error).splitlines()[0][:200]}
    print(json.dumps({"device": torch.cuda.get_device_name(0), "torch": torch.__version__, "backends": results}))


if __name__ == "__main__":
    main()
