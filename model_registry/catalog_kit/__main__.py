"""`python -m model_registry.catalog_kit new NAME DOMAIN` lays out a capability; `run NAME` answers its example;
`example NAME` makes its samples anew and stores what it answers as the example's output, for you to check;
`tidy NAME` lays its manifest out as the house does; `density` prints how many lines the entries have.

`new` writes a manifest, an entry and an example that pass the catalogue's test as they are; then edit them.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
from pathlib import Path
from typing import Any

from kernel.problems import Problem
from model_registry.catalog_kit.density import median, sizes
from model_registry.catalog_kit.runner import CATALOG, find_folder, read_example, run_capability
from model_registry.catalog_kit.tidy import tidy
from model_registry.manifest import NAME, folder_name

# Where a domain's capabilities run unless their manifest says another family.
FAMILIES = {
    "vision": "vision", "image": "vision", "media": "vision", "microscopy": "vision", "remote": "vision",
    "industrial": "vision", "documents": "documents", "codes": "documents", "text": "text", "audio": "audio",
    "series": "series", "energy": "series", "tables": "tables", "finance": "tables", "planning": "planning",
    "health": "science", "science": "science",
}

MANIFEST = """\
name: {name}
version: 1.0.0
title: {title}
title_zh: {title}
summary: Counts the characters and words of a text.
summary_zh: 统计文本的字符数与词数。
task: text-analysis
domain: {domain}
industry: [developer-tools]
tags: []
license: {{code: Apache-2.0, weights: none}}
source: S1
evidence: K
family: {family}
libraries: []
input:
  text: {{kind: text, max_chars: 10000}}
parameters: {{}}
output: key_values
serving: {{timeout_ms: 5000, memory_mb: 10, pool: warm, deterministic: true}}
pricing: {{unit: 1k_chars, amount: "0.01", currency: USD, free_per_month: 1000}}
card:
  use: What it is good for.
  limits: Where it fails.
  misuse: What it must not be used for.
  origin: {{name: Own}}
"""
ENTRY = '''\
"""{title}: what it does and after which method."""

from __future__ import annotations

from model_registry.catalog_kit import Request, Result


def run(request: Request) -> Result:
    """Characters and words of the text."""
    text: str = request.input["text"]
    return Result({{"values": [
        {{"name": "characters", "value": len(text)}},
        {{"name": "words", "value": len(text.split())}},
    ]}})
'''
EXAMPLE = {
    "input": {"text": "one two three"}, "parameters": {},
    "output": {"values": [{"name": "characters", "value": 13}, {"name": "words", "value": 3}]}, "tolerance": 0,
}


def new(name: str, domain: str, root: Path = CATALOG) -> Path:
    """Writes the folder of a new capability; Problem where the name is wrong or taken."""
    if not re.match(NAME, name):
        raise Problem("invalid_request", f"{name!r} can't be a name: lower case letters, digits, '.', '_' and '-'")
    if domain not in FAMILIES:
        raise Problem("invalid_request", f"unknown domain {domain}; known: {', '.join(FAMILIES)}")
    folder = root / domain / folder_name(name)
    if any(root.glob(f"*/{folder.name}")):
        raise Problem("name_taken", f"the catalogue has a folder {folder.name} already")
    folder.mkdir(parents=True)
    title = name.replace("-", " ").replace("_", " ").capitalize()
    (folder / "model.yaml").write_text(MANIFEST.format(name=name, domain=domain, family=FAMILIES[domain], title=title))
    (folder / "entry.py").write_text(ENTRY.format(title=title))
    (folder / "example.json").write_text(json.dumps(EXAMPLE, indent=1, ensure_ascii=False) + "\n")
    return folder


def store_example(folder: Path) -> None:
    """Makes the samples of quality.py, answers the example and writes the answer into example.json."""
    from model_registry.catalog_kit.quality import write_samples

    write_samples(folder)
    request, media, example = read_example(folder)
    response, _ = run_capability(folder, request, media)
    example["output"] = _rounded(response["output"])
    example.setdefault("tolerance", 0.02)
    (folder / "example.json").write_text(json.dumps(example, indent=1, ensure_ascii=False) + "\n")


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_rounded(v) for v in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def print_density() -> int:
    """A table of the largest entries, and one JSON object with the whole."""
    found = sizes(CATALOG)
    print(f"{'entry':28} {'code':>5} {'manifest':>9} {'lines':>6}")
    for entry in found[:-13:-1]:
        print(f"{entry.name:28} {entry.code:>5} {entry.manifest:>9} {entry.lines:>6}")
    print(json.dumps({"entries": len(found), "median_lines": median(found), "largest": found[-1].lines,
                      "median_code": statistics.median(s.code for s in found),
                      "median_manifest": statistics.median(s.manifest for s in found)}))
    return 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m model_registry.catalog_kit", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    adding = commands.add_parser("new", help="lay out a new capability")
    adding.add_argument("name")
    adding.add_argument("domain", choices=sorted(FAMILIES))
    running = commands.add_parser("run", help="answer a capability's example and print the response")
    running.add_argument("name")
    storing = commands.add_parser("example", help="make the samples and store the answer of the example")
    storing.add_argument("name", nargs="+")
    tidying = commands.add_parser("tidy", help="lay out manifests as the house does")
    tidying.add_argument("name", nargs="+")
    commands.add_parser("density", help="lines of code and manifest of every entry, and their median")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "density":
            return print_density()
        if chosen.command == "tidy":
            for name in chosen.name:
                print(f"{'changed' if tidy(find_folder(name)) else 'as it was'}: {name}")
            return 0
        if chosen.command == "new":
            folder = new(chosen.name, chosen.domain)
            print(f"{folder}\nEdit it, then: pytest tests/catalog -k {folder.name}")
            return 0
        if chosen.command == "example":
            for name in chosen.name:
                store_example(find_folder(name))
                print(f"stored: {name}")
            return 0
        request, media, _ = read_example(find_folder(chosen.name))
        response, files = run_capability(chosen.name, request, media)
        print(json.dumps(response, indent=1, ensure_ascii=False))
        for file in files:
            print(f"{file.content_type}, {len(file.data):,} bytes", file=sys.stderr)
        return 0
    except Problem as problem:
        print(problem.detail, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
