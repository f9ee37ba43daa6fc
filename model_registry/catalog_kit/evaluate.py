"""Measures capabilities on this machine and writes what their cards show: `make catalog-eval [name=…] [domain=…]`.

Each entry runs in a process of its own, in this order: memory before, cold start (imports, nets and the first answer to
the example), memory after, warm calls of the example, then the figures of its quality.py. The result is metrics.json
beside the entry. An entry whose code and data are those of its metrics.json is skipped unless it is named or
`--all` is given. The last line printed is one JSON object with the totals.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from model_registry.catalog_kit.metrics import METRICS_FILE, fingerprint, is_current

WARM_SECONDS, WARM_RUNS, LEAST_RUNS = 3.0, 60, 5
LIMIT_SECONDS = 300


def evaluate_here(folder: Path) -> dict[str, Any]:
    """The figures of one entry, measured in this process, which should be fresh."""
    import numpy as np

    from model_registry.catalog_kit.quality import measure
    from model_registry.catalog_kit.runner import read_example, run_capability

    request, media, _ = read_example(folder)
    before = _resident_mb()
    started = time.perf_counter()
    run_capability(folder, request, media)
    cold = time.perf_counter() - started
    times: list[float] = []
    begun = time.perf_counter()
    while len(times) < LEAST_RUNS or (len(times) < WARM_RUNS and time.perf_counter() - begun < WARM_SECONDS):
        started = time.perf_counter()
        run_capability(folder, request, media)
        times.append(time.perf_counter() - started)
    after = _resident_mb()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = measure(folder)
    p50, p95 = (float(value) for value in np.percentile(times, (50, 95)))
    return {
        "quality": [m.as_json() for m in found], "faults": [m.fault for m in found if m.fault],
        "latency_ms": {"p50": _short(1000 * p50), "p95": _short(1000 * p95), "runs": len(times)},
        "cold_start_ms": _short(1000 * cold),
        "memory_mb": {"added": _short(max(after - before, 0.1)), "peak": _short(peak)},
    }


def evaluate(folder: Path) -> dict[str, Any]:
    """Measures one entry in a fresh process and writes its metrics.json; returns the figures, or {"error": …}."""
    command = [sys.executable, "-m", "model_registry.catalog_kit.evaluate", "--here", str(folder)]
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "ORT_DISABLE_TELEMETRY": "1"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS,
                              env={**os.environ, **single})
    except subprocess.TimeoutExpired:
        return {"error": f"took longer than {LIMIT_SECONDS} s"}
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        return {"error": " | ".join(lines[-3:])[-500:]}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    faults = found.pop("faults")
    found["measured"] = {
        "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d"), "machine": machine(),
        "method": "one call at a time in one process, the stored example, nets by ONNX Runtime on one thread; cold is "
                  "the first answer of a new process, libraries and nets included",
        "fingerprint": fingerprint(folder),
    }
    if faults:
        return {"error": "; ".join(faults)}
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    (folder / METRICS_FILE).write_text(text, encoding="utf-8")
    return found


def machine() -> str:
    """The processor and its cores, as the card names them."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _resident_mb() -> float:
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def _short(value: float) -> float:
    return float(f"{float(value):.3g}")


def main(arguments: list[str] | None = None) -> int:
    from model_registry.catalog_kit.runner import CATALOG, find_folder

    parser = argparse.ArgumentParser(prog="python -m model_registry.catalog_kit.evaluate", description=__doc__)
    parser.add_argument("names", nargs="*", help="these capabilities; none means all that have changed")
    parser.add_argument("--domain", help="only this folder of the catalogue")
    parser.add_argument("--all", action="store_true", help="also those whose figures are current")
    parser.add_argument("--here", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.here:
        print(json.dumps(evaluate_here(chosen.here)))
        return 0
    if chosen.names:
        folders = [find_folder(name) for name in chosen.names]
    else:
        folders = sorted(p.parent for p in CATALOG.glob(f"{chosen.domain or '*'}/*/model.yaml"))
        folders = [f for f in folders if (f / "example.json").is_file() and (chosen.all or not is_current(f))]
    failed: dict[str, str] = {}
    print(f"{'capability':28} {'p50 ms':>8} {'p95 ms':>8} {'cold ms':>8} {'MB':>7}  quality")
    for folder in folders:
        found = evaluate(folder)
        if "error" in found:
            failed[folder.name] = found["error"]
            print(f"{folder.name:28} FAILED {found['error']}", flush=True)
            continue
        first = found["quality"][0] if found["quality"] else None
        shown = f"{first['name']} {first['value']}" if first else "-"
        latency = found["latency_ms"]
        print(f"{folder.name:28} {latency['p50']:>8g} {latency['p95']:>8g} {found['cold_start_ms']:>8g} "
              f"{found['memory_mb']['added']:>7g}  {shown}", flush=True)
    print(json.dumps({"measured": len(folders) - len(failed), "failed": failed, "machine": machine()}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
