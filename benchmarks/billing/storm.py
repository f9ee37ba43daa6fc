"""`python -m benchmarks.billing.storm [--short] [--part usage|charges]`: kill -9 against metering, then charging.

The last line is one JSON object: kills, calls, lost, double, wrong_accounts, invoices, double_charged, and the parts.
The exit status is 1 where anything was lost, doubled or charged to somebody else, and where too few were killed.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import sys

# part → what it has at least, and how long it may take; `run(...)` of its module returns a dictionary of figures
FULL = {"usage": {"calls": 50_000, "kills": 100, "max_s": 460}, "charges": {"invoices": 400, "kills": 100}}
SHORT = {"usage": {"calls": 1_000, "kills": 20, "max_s": 75}, "charges": {}}  # 40 s where the machine is quiet
CHARGES = "benchmarks.billing.storm_charges"
MUST_BE_ZERO = ("lost", "double", "wrong_accounts", "double_charged", "not_charged", "wrong_amounts")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="20 kills")
    parser.add_argument("--part", choices=["usage", "charges"])
    given = parser.parse_args()
    parts: dict[str, dict[str, object]] = {}
    if given.part != "charges":
        from benchmarks.billing import storm_usage

        parts["usage"] = storm_usage.run(**(SHORT if given.short else FULL)["usage"])
        _print("usage", parts["usage"])
    if given.part != "usage" and importlib.util.find_spec(CHARGES) is not None:
        parts["charges"] = importlib.import_module(CHARGES).run(short=given.short)
        _print("charges", parts["charges"])
    merged: dict[str, object] = {}
    for figures in parts.values():
        for name, value in figures.items():
            if isinstance(value, int) and name in ("kills", "calls", "invoices", *MUST_BE_ZERO):
                merged[name] = int(str(merged.get(name, 0))) + value
    print(json.dumps({**merged, "parts": parts}, default=str))
    weak = [f"{part}: {least} {name}" for part, size in (SHORT if given.short else FULL).items()
            for name, least in size.items() if name in parts.get(part, {}) and int(str(parts[part][name])) < least
            and not (given.short and name == "calls")]  # a short one takes what its time holds
    if weak:
        print(f"the storm was too weak, wanted are {', '.join(weak)}", file=sys.stderr)
    charges = parts.get("charges", {"gapless": True})
    odd = not charges["gapless"] or charges.get("charged_minor") != charges.get("owed_minor")
    if odd:
        print("the invoices' numbers have gaps, or what was charged is not what was owed", file=sys.stderr)
    return 1 if weak or odd or any(merged.get(name) for name in MUST_BE_ZERO) else 0


def _print(part: str, figures: dict[str, object]) -> None:
    print(f"{part}:")
    for name, value in figures.items():
        print(f"  {name:<16} {value}")


if __name__ == "__main__":
    sys.exit(main())
