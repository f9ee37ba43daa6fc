"""What the fuzzer sends in place of some of its invented ids: real ones, so that calls get behind the first 404.

`FUZZ_SEEDS` names a JSON file: {"path": {parameter: [ids]}, "body": {member: [values]}, "query": {…}}.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import schemathesis

SEEDS: dict[str, dict[str, list[Any]]] = json.loads(Path(os.environ["FUZZ_SEEDS"]).read_text())
DICE = random.Random(int(os.environ.get("FUZZ_SEED", "1")))
ENDS = ("cancel", "complete", "retire", "withdraw", "rotate")  # uses a thing up, as DELETE does


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Real ids in three calls of four; where a call uses the thing up, in one of eight."""
    uses_up = case.method.upper() == "DELETE" or case.operation.path.endswith(ENDS)
    chance = 0.125 if uses_up else 0.75
    if "Idempotency-Key" in (case.headers or {}) and DICE.random() < 0.75:
        case.headers["Idempotency-Key"] = f"fuzz-{DICE.getrandbits(64):x}"  # else few of them are new calls
    for part, sent in (("path", case.path_parameters), ("query", case.query), ("body", case.body)):
        if not isinstance(sent, dict):
            continue
        for name, known in SEEDS[part].items():
            if name in sent and isinstance(sent[name], str | int) and known and DICE.random() < chance:
                sent[name] = DICE.choice(known)
