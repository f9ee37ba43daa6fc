"""Starts the product on a state folder and ports of its own, measures, ends everything, prints table and figures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.gateway import peers
from config.env import ROOT

PORTS = {"TESSERA_PORT": 27000, "TESSERA_GRPC_PORT": 27001, "TESSERA_GATEWAY_PORT": 27002, "TESSERA_REDIS_PORT": 27003,
         "TESSERA_TRITON_PORT": 27100}
BARS = {"ratio_direct_c8": (">=", 0.6), "added_p50_ms_c1": ("<=", 1.0), "x_litellm": (">=", 40.0),
        "x_mlserver": (">=", 3.0), "grpc_over_rest": (">=", 3.17), "cold_p95_ms": ("<=", 200.0),
        "resident_mb_all": ("<=", 4096.0), "gateway_mb": ("<=", 120.0)}


def main() -> int:
    began = time.monotonic()
    for name in ("mlserver", "litellm"):
        peers.environment(name)
    state = Path(os.environ.get("TESSERA_VAR") or peers.FOLDER / "state").resolve()
    out = peers.FOLDER / "gateway.json"
    out.unlink(missing_ok=True)
    environment = {name: str(port) for name, port in PORTS.items()} | {
        "TESSERA_NETS": str(ROOT / "var" / "nets"), **os.environ, "TESSERA_VAR": str(state)}
    done = subprocess.run(
        [sys.executable, "-m", "config.embedded", "test", sys.executable, "-m", "benchmarks.gateway.measure", "--out",
         str(out), *sys.argv[1:]], cwd=ROOT, env=environment, stdout=sys.stderr)
    if not out.exists():
        print("the measurement did not end; its lines are above", file=sys.stderr)
        return done.returncode or 1
    answer = json.loads(out.read_text())
    figures = answer["figures"]
    print(answer["table"])
    for name, (sign, bar) in BARS.items():
        if name in figures:
            met = figures[name] >= bar if sign == ">=" else figures[name] <= bar
            print(f"{name:18} {figures[name]:>9} {sign} {bar:<7} {'met' if met else 'MISSED'}")
    figures["date"] = datetime.now(UTC).isoformat(timespec="seconds")
    figures["cpus"] = os.cpu_count()
    figures["load_1m"] = round(os.getloadavg()[0], 2)
    figures["seconds"] = round(time.monotonic() - began)
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
