"""Measures capabilities on this machine and writes what their cards show into metrics.json beside each.

Two parts, each with its date and a fingerprint of what it depends on: quality (`--part quality`: the figures of
quality.py, several entries at once) and speed (`--part latency`: one entry at a time, each in a process of its own:
memory before, cold start with imports, nets and the first answer to the example, warm calls, memory after). An entry
whose part is current is skipped unless it is named or `--all` is given. The last line printed is one JSON object.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import datetime as dt
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from model_registry.catalog_kit.metrics import METRICS_FILE, fingerprint, is_current, read_metrics

# A second of warm calls of an entry lets the whole catalogue be measured in minutes.
WARM_SECONDS, WARM_RUNS, LEAST_RUNS = 1.0, 60, 5
LIMIT_SECONDS = 900
STAMPS = {"latency": "measured", "quality": "quality_measured"}
METHOD = ("one call at a time in one process, the stored example, nets by ONNX Runtime on one thread; cold is the "
          "first answer of a new process, libraries and nets included")


def latency_here(folder: Path) -> dict[str, Any]:
    """Speed and memory of one entry, measured in this process, which should be fresh."""
    import numpy as np

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
    added = _resident_mb() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    p50, p95 = (float(value) for value in np.percentile(times, (50, 95)))
    return {
        "latency_ms": {"p50": _short(1000 * p50), "p95": _short(1000 * p95), "runs": len(times)},
        "cold_start_ms": _short(1000 * cold), "memory_mb": {"added": _short(max(added, 0.1)), "peak": _short(peak)},
    }


def quality_here(folder: Path) -> dict[str, Any]:
    """The figures of one entry's quality.py; {"error": …} where it has none or one misses its bound."""
    from model_registry.catalog_kit.quality import measure

    found = measure(folder)
    faults = "; ".join(m.fault for m in found if m.fault) or ("" if found else "there is no quality.py")
    return {"error": faults} if faults else {"quality": [m.as_json() for m in found]}


HERE = {"latency": latency_here, "quality": quality_here}


def evaluate(folder: Path, part: str) -> dict[str, Any]:
    """Measures one part of an entry in a fresh process; returns the figures with their stamp, or {"error": …}."""
    command = [sys.executable, "-m", "model_registry.catalog_kit.evaluate", "--here", str(folder), "--part", part]
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "ORT_DISABLE_TELEMETRY": "1"}
    stamp = {"date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d"), "machine": machine()}
    stamp |= {"method": METHOD} if part == "latency" else {}
    stamp["fingerprint"] = fingerprint(folder)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS,
                              env={**os.environ, **single})
    except subprocess.TimeoutExpired:
        return {"error": f"took longer than {LIMIT_SECONDS} s"}
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        return {"error": " | ".join(lines[-3:])[-500:]}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found if "error" in found else {**found, STAMPS[part]: stamp}


def measure_and_write(folder: Path, parts: tuple[str, ...]) -> dict[str, Any]:
    """Measures these parts and writes them into metrics.json; the others stay. Nothing is written on an error."""
    found: dict[str, Any] = {}
    for part in parts:
        found |= evaluate(folder, part)
        if "error" in found:
            return found
    kept = read_metrics(folder) or {}
    # What stays keeps the stamp that it was measured under.
    kept.setdefault("quality_measured", {k: v for k, v in kept.get("measured", {}).items() if k != "method"})
    whole = {**kept, **found}
    order = ("quality", "latency_ms", "cold_start_ms", "memory_mb", "measured", "quality_measured")
    text = json.dumps({name: whole[name] for name in order}, indent=1, ensure_ascii=False) + "\n"
    (folder / METRICS_FILE).write_text(text, encoding="utf-8")
    return whole


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


def _work(folders: list[Path], parts: tuple[str, ...], every: bool) -> dict[Path, tuple[str, ...]]:
    """The parts to measure of each entry; one that never was measured gets both, for a card needs both."""
    wanted = {}
    for folder in folders:
        due = tuple(part for part in parts if every or not is_current(folder, STAMPS[part]))
        if due and read_metrics(folder) is None:
            due = tuple(STAMPS)
        if due:
            wanted[folder] = due
    return wanted


def _results(work: dict[Path, tuple[str, ...]], jobs: int) -> Iterator[tuple[Path, dict[str, Any]]]:
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        yield from zip(work, pool.map(measure_and_write, work, work.values()), strict=True)


def main(arguments: list[str] | None = None) -> int:
    from model_registry.catalog_kit.runner import CATALOG, find_folder

    parser = argparse.ArgumentParser(prog="python -m model_registry.catalog_kit.evaluate", description=__doc__)
    parser.add_argument("names", nargs="*", help="these capabilities; none means all that have changed")
    parser.add_argument("--part", choices=list(STAMPS), action="append", help="only this part; default both")
    parser.add_argument("--domain", help="only this folder of the catalogue")
    parser.add_argument("--all", action="store_true", help="also those whose figures are current")
    parser.add_argument("--here", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    parts = tuple(chosen.part or STAMPS)
    if chosen.here:
        print(json.dumps(HERE[parts[0]](chosen.here)))
        return 0
    if chosen.names:
        folders = [find_folder(name) for name in chosen.names]
    else:
        folders = sorted(p.parent for p in CATALOG.glob(f"{chosen.domain or '*'}/*/example.json"))
    started = time.monotonic()
    work = _work(folders, parts, chosen.all or bool(chosen.names))
    failed: dict[str, str] = {}
    print(f"{'capability':28} {'p50 ms':>8} {'p95 ms':>8} {'cold ms':>8} {'MB':>7}  quality")
    # Speed is measured alone on the machine; quality is not a matter of time.
    for folder, found in _results(work, (os.cpu_count() or 1) if parts == ("quality",) else 1):
        if "error" in found:
            failed[folder.name] = found["error"]
            print(f"{folder.name:28} FAILED {found['error']}", flush=True)
            continue
        first, latency = found["quality"][0] if found["quality"] else None, found["latency_ms"]
        shown = f"{first['name']} {first['value']}" if first else "-"
        print(f"{folder.name:28} {latency['p50']:>8g} {latency['p95']:>8g} {found['cold_start_ms']:>8g} "
              f"{found['memory_mb']['added']:>7g}  {shown}", flush=True)
    print(json.dumps({"parts": parts, "measured": len(work) - len(failed), "current": len(folders) - len(work),
                      "failed": failed, "seconds": round(time.monotonic() - started, 1), "machine": machine()}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
