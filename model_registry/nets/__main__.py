"""Command line: `python -m model_registry.nets build [--out DIR] [--only NAME …] [--pin]` and `… list`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from model_registry.nets.build import NetBuildError, build, load_nets


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m model_registry.nets", description="Builds the catalogue's nets.")
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("build", help="build what is missing or has another hash")
    make.add_argument("--out", type=Path, default=Path(os.environ.get("TESSERA_NETS", "var/nets")))
    make.add_argument("--only", nargs="+", default=None, metavar="NAME", help="these nets alone")
    make.add_argument("--pin", action="store_true", help="write the hashes of this build into nets.yaml (maintainers)")
    commands.add_parser("list", help="name, licence and origin of every net")
    options = parser.parse_args(arguments)
    if options.command == "list":
        for net in load_nets():
            print(f"{net.name:24} {net.license:12} {net.origin}")
        return 0
    try:
        build(options.out, only=options.only, pin=options.pin)
    except NetBuildError as fault:
        print(f"nets: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
