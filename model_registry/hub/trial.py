"""`python -m model_registry.hub.trial FOLDER MEGABYTES`: answers a fetched model's example, and stores the answer."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from kernel.problems import Problem
from model_registry.catalog_kit.outputs import output_fault
from model_registry.catalog_kit.runner import inline_media, load_capability, read_example, run_capability
from model_registry.hub.fetch import read
from model_registry.hub.kit import Net
from model_registry.hub.local import FolderNets

MAX_STORED = 200_000  # characters of an answer that a page still shows


def main() -> int:
    folder, megabytes = Path(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    found = read(folder)
    if found is None:
        return _fail("the folder is not whole")
    nets: dict[str, Net] = dict(found.nets)
    try:
        request, media, example = read_example(folder)
        response, files = run_capability(folder, request, media, nets=FolderNets(folder / "files", nets))
    except Problem as problem:
        cause = f" ({problem.__cause__})" if problem.__cause__ is not None else ""
        return _fail(f"{problem.detail}{cause}")
    fault = output_fault(load_capability(folder).manifest.output, response["output"])
    if fault:
        return _fail(f"its answer is not of its kind: {fault}")
    output = inline_media(response["output"], files)
    if len(json.dumps(output)) <= MAX_STORED:
        (folder / "example.json").write_text(json.dumps({**example, "output": output}, ensure_ascii=False),
                                             encoding="utf-8")
    return 0


def _fail(text: str) -> int:
    sys.stderr.write(" ".join(text.split()) + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
