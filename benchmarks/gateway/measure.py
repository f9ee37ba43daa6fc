"""The measurement itself, against the product that TESSERA_VAR names; writes its figures to the file given.

`--quick` leaves out the peers, cold starts and the catalogue: the loop while optimising.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from benchmarks.gateway import catalogue, peers
from benchmarks.gateway.arms import Arm, arms
from benchmarks.gateway.processes import command_line, cpu_s, tree
from benchmarks.gateway.product import Product, prepare

KINDS = (("triton", "tritonserver"), ("stubs", "python_backend_stub"), ("gateway", "config.gateway"),
         ("redis", "redis-server"), ("postgres", "postgres"))


def cpu_by_kind(product: Product, extra: dict[str, int]) -> dict[str, float]:
    """CPU seconds so far of each part."""
    found = catalogue.serving(product)
    lines = {process: command_line(process) for process in found}
    spent: dict[str, float] = {}
    for kind, mark in KINDS:
        mine = [p for p in found if mark in lines[p] and not (kind == "triton" and "python_backend_stub" in lines[p])]
        spent[kind] = cpu_s(mine)
    for name, root in extra.items():
        spent[name] = cpu_s(tree([root]))
    return spent


def race(product: Product, field: list[Arm], rounds: int, seconds: float,
         extra: dict[str, int]) -> dict[str, list[dict[str, Any]]]:
    """Every arm in every round, in rotating order, so that a noisy moment of the machine meets all alike."""
    results: dict[str, list[dict[str, Any]]] = {arm.name: [] for arm in field}
    for arm in sorted(field, key=lambda arm: not arm.name.startswith("ours")):  # our path loads the model
        warm = arm.run(0.4)
        if warm["errors"] or not warm["calls"]:
            raise RuntimeError(f"{arm.name} fails: {warm}")
    for number in range(rounds):
        for arm in field[number % len(field):] + field[:number % len(field)]:
            before = cpu_by_kind(product, extra)
            result = arm.run(seconds)
            after = cpu_by_kind(product, extra)
            if result["errors"]:
                raise RuntimeError(f"{arm.name}: {result['errors']} failed calls: {result['sample']}")
            result["cpu_us"] = {name: (after[name] - before[name]) * 1e6 / max(result["calls"], 1) for name in after}
            results[arm.name].append(result)
    return results


def ratio(results: dict[str, list[dict[str, Any]]], one: str, other: str) -> float:
    """Calls a second of one arm by those of another: the median of the ratios within each round."""
    return statistics.median(a["calls_s"] / b["calls_s"] for a, b in zip(results[one], results[other], strict=True))


def table(results: dict[str, list[dict[str, Any]]]) -> str:
    def median(rows: list[dict[str, Any]], name: str) -> float:
        return statistics.median(row[name] for row in rows)

    parts = [name for name in next(iter(results.values()))[0]["cpu_us"] if name != "web"]
    lines = [f"{'arm':28} {'calls/s':>8} {'p50 ms':>7} {'p99 ms':>7} {'client':>7} "
             + " ".join(f"{name:>8}" for name in parts) + "   (CPU µs per call)"]
    for name, rows in results.items():
        cpu = " ".join(f"{statistics.median(row['cpu_us'][part] for row in rows):8.0f}" for part in parts)
        lines.append(f"{name:28} {median(rows, 'calls_s'):8.0f} {median(rows, 'p50_ms'):7.2f} "
                     f"{median(rows, 'p99_ms'):7.2f} {median(rows, 'client_us'):7.0f} {cpu}")
    return "\n".join(lines)


def figures_of(results: dict[str, list[dict[str, Any]]]) -> dict[str, float]:
    figures = {
        "ratio_direct_c8": ratio(results, "ours c=8", "direct c=8"),
        "ratio_direct_c1": ratio(results, "ours c=1", "direct c=1"),
        "ratio_direct_json_c8": ratio(results, "ours json c=8", "direct json c=8"),
        "added_p50_ms_c1": statistics.median(a["p50_ms"] - b["p50_ms"] for a, b in zip(
            results["ours c=1"], results["direct c=1"], strict=True)),
        # The stock clients, as people use them; and the same by the lean generator, where the client costs nothing.
        "grpc_over_rest": ratio(results, "stock grpc, one channel", "stock rest, new connections"),
        "grpc_over_rest_lean": ratio(results, "ours grpc, one connection", "ours rest, new connections"),
        "calls_s_c8": statistics.median(row["calls_s"] for row in results["ours c=8"]),
        "direct_calls_s_c8": statistics.median(row["calls_s"] for row in results["direct c=8"]),
    }
    for peer in ("litellm c=8", "mlserver json c=8"):
        if peer in results:
            figures[f"x_{peer.split()[0]}"] = ratio(results, "ours json c=8", peer)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--no-catalogue", action="store_true", help="leave out calling every capability once")
    parser.add_argument("--arms", default="", help="only arms whose name holds one of these words, comma-separated")
    options = parser.parse_args()
    product = prepare()
    lines: list[str] = []
    figures: dict[str, Any] = {}
    with contextlib.ExitStack() as open_peers:
        ports, extra = {"mlserver": 0, "litellm": 0}, {}
        if not options.quick:
            figures["gateway_mb_idle"] = catalogue.gateway_mb(product)
            times = catalogue.cold_starts(product)
            ordered = sorted(times["small"] + times["medium"])
            figures["cold_p95_ms"] = ordered[int(len(ordered) * 0.95)]
            for kind, values in times.items():
                lines.append(f"cold start, {kind}: p50 {statistics.median(values):.0f} ms, max {max(values):.0f} ms "
                             f"of {len(values)}")
            work = peers.FOLDER / "run"
            ports["mlserver"], extra["mlserver"] = open_peers.enter_context(
                peers.mlserver(product.onnx_file, work))
            ports["litellm"], extra["litellm"] = open_peers.enter_context(peers.litellm(work))
        field = arms(product, **ports)
        if options.arms:
            field = [arm for arm in field if any(word in arm.name for word in options.arms.split(","))]
        results = race(product, field, options.rounds, options.seconds, extra)
    lines.append(table(results))
    if not options.arms:
        figures |= figures_of(results)
    figures["gateway_mb"] = catalogue.gateway_mb(product)
    if not (options.quick or options.no_catalogue):
        watch = catalogue.Watch(product)
        watch.start()
        called, failed = catalogue.call_catalogue(product)
        figures["resident_mb_all"] = watch.end()
        figures["catalogue_called"], figures["catalogue_failed"] = called, len(failed)
        figures["gateway_mb"] = max(figures["gateway_mb"], catalogue.gateway_mb(product))
        lines += [f"catalogue: {called} capabilities called, {len(failed)} failed", *failed]
    text = "\n".join(lines)
    rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in figures.items()}
    if options.out:
        options.out.write_text(json.dumps({"table": text, "figures": rounded}))
    else:
        print(text, json.dumps(rounded), sep="\n")


if __name__ == "__main__":
    sys.exit(main())
