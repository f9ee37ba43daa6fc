"""`tessera-conformance --url URL --key KEY`: runs the checks, prints a table, and a signed badge where one is wanted.

Exit status: 0 nothing failed, 1 something did, 2 the command line was wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tessera_conformance import SPEC, __version__, badge, checks
from tessera_conformance.registry import CHECKS, Result, run
from tessera_conformance.target import Target

MARKS = {"passed": "ok  ", "failed": "FAIL", "skipped": "skip"}
assert checks  # importing it registers them


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.list:
        for one in CHECKS.values():
            print(f"{one.section:6} {one.name:32} {one.promise}")
        return 0
    if options.verify:
        return _verify(options.verify, options.public_key)
    if not options.url:
        print("tessera-conformance: --url is needed", file=sys.stderr)
        return 2
    target = Target(options.url, options.key or "none", grpc_address=options.grpc, tensor_model=options.tensor_model,
                    text_model=options.text_model, callback_host=options.callback_host,
                    headers=dict(options.header))
    began = time.monotonic()
    try:
        results = run(target, options.only, tell=(lambda _: None) if options.json else _tell)
    finally:
        target.close()
    if not results:
        print("tessera-conformance: no check has such a name; --list shows them", file=sys.stderr)
        return 2
    made = badge.make(results, target.url, badge.load_key(options.signing_key), whole=not options.only)
    if options.badge:
        options.badge.write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n")
    states = Counter(result.state for result in results)
    summary = {"target": target.url, "specification": SPEC, "kit": __version__, "checks": len(results),
               "passed": states["passed"], "failed": states["failed"], "skipped": states["skipped"],
               "conforms": made["conforms"], "seconds": round(time.monotonic() - began, 2)}
    if options.json:
        print(json.dumps({**summary, "badge": made, "results": [
            {"name": one.check.name, "section": one.check.section, "promise": one.check.promise, "state": one.state,
             "reason": one.reason, "seconds": round(one.seconds, 3)} for one in results]}, ensure_ascii=False))
    else:
        print(f"\n{states['passed']} passed, {states['failed']} failed, {states['skipped']} skipped of {len(results)} "
              f"in {summary['seconds']} s: {target.url} "
              + ("keeps" if made["conforms"] else "does not keep" if states["failed"] else "may keep")
              + f" the Model Service Interface {SPEC}")
        print(json.dumps(summary))
    return 1 if states["failed"] else 0


def _tell(result: Result) -> None:
    print(f"{MARKS[result.state]}  {result.check.section:5} {result.check.name:31} "
          + (result.reason or result.check.promise)[:150], flush=True)


def _verify(path: Path, public_key: str) -> int:
    document = json.loads(path.read_text())
    good = badge.verify(document, public_key or str(document.get("public_key", "")))
    print(f"{path}: " + ("signed by " + str(document["public_key"]) if good else "the signature is wrong")
          + ("" if public_key or not good else " (no --public-key was given: this proves only that it is unchanged)"))
    return 0 if good else 1


def _header(text: str) -> tuple[str, str]:
    name, found, value = text.partition(":")
    if not found or not name.strip():
        raise argparse.ArgumentTypeError("write NAME:VALUE")
    return name.strip(), value.strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tessera-conformance", description="Does a service keep the Model Service Interface?")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}, specification {SPEC}")
    parser.add_argument("--url", default=os.environ.get("TESSERA_BASE_URL", ""), help="base URL (or TESSERA_BASE_URL)")
    parser.add_argument("--key", default=os.environ.get("TESSERA_API_KEY", ""), help="API key (or TESSERA_API_KEY)")
    parser.add_argument("--grpc", default="", help="host:port; else the port after the URL's, and 8001")
    parser.add_argument("--header", action="append", default=[], type=_header, metavar="NAME:VALUE",
                        help="sent with every call, for what stands before the target")
    parser.add_argument("--json", action="store_true", help="one JSON object with all results instead of the table")
    parser.add_argument("--only", action="append", default=[], metavar="PREFIX", help="only checks with such a name")
    parser.add_argument("--tensor-model", default="", help="a model with numeric tensors; else the first that answers")
    parser.add_argument("--text-model", default="", help="a model of texts to vectors; else the first of its task")
    parser.add_argument("--callback-host", default="127.0.0.1", help="the name of this machine as the target sees it")
    parser.add_argument("--badge", type=Path, help="write the signed badge there")
    parser.add_argument("--signing-key", type=Path, help="Ed25519 key (PEM) that signs it; made there if it is missing")
    parser.add_argument("--verify", type=Path, help="check the signature of a badge")
    parser.add_argument("--public-key", default="", help="with --verify: the key, in base64, that must have signed")
    parser.add_argument("--list", action="store_true", help="name the checks and the sections that they prove")
    return parser


if __name__ == "__main__":
    sys.exit(main())
