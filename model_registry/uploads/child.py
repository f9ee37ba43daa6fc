"""The process in which an upload is opened: started by `sandbox` with an empty environment, limited before it reads.

It takes its order as JSON on the standard input and tells line by line how far it is, so that a graph that kills it is
known by the check that it died in. Run as a file, not as a module: the interpreter is an isolated one.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import resource
import sys
from pathlib import Path
from typing import Any

NOBODY = 65534


def _tell(**line: Any) -> None:
    sys.stdout.write(json.dumps(line, allow_nan=False) + "\n")
    sys.stdout.flush()


def _limit(limits: dict[str, int]) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = math.ceil(used.ru_utime + used.ru_stime) + limits["cpu_s"]
    for name, value in (("RLIMIT_AS", limits["memory"]), ("RLIMIT_CPU", cpu_s), ("RLIMIT_CORE", 0),
                        ("RLIMIT_FSIZE", limits["file"]), ("RLIMIT_NOFILE", 256)):
        number = getattr(resource, name)
        hard = resource.getrlimit(number)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        # The processor's soft limit is a signal that ends us; the hard one a second later would be a plain kill.
        resource.setrlimit(number, (value, value + 1 if name == "RLIMIT_CPU" else value))


def _drop() -> bool:
    """From root to nobody; whether it was so."""
    if os.geteuid() != 0:
        return False
    with contextlib.suppress(OSError):  # a mapped root of a namespace has no such user
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    return os.geteuid() == NOBODY


def main() -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    order = json.loads(sys.stdin.read())
    os.chdir(order["folder"])
    os.nice(5)
    # Everything is imported while files can still be read, and before anything of the upload is.
    import encodings.cp437  # noqa: F401  (the names in a zip)

    import jsonschema  # noqa: F401
    import onnx
    import onnx.checker
    import onnx.numpy_helper
    import onnx.shape_inference  # noqa: F401

    from model_registry.uploads import examination

    if order["mode"] != "inspect":
        import onnxruntime
    if order["mode"] == "compress":
        import onnxruntime.quantization
        import onnxruntime.transformers.float16  # noqa: F401

        from model_registry.uploads import compression

    _limit(order["limits"])
    dropped = _drop()
    _tell(isolation={"user": "nobody" if dropped else "as the worker", "memory_mb": order["limits"]["memory"] >> 20,
                     "cpu_s": order["limits"]["cpu_s"]})
    try:
        if order["mode"] == "compress":
            _tell(result=compression.compress_upload(order, examination.Told(_tell)))
        else:
            _tell(result=examination.examine_upload(order, tell=_tell))
    except MemoryError:
        _tell(died="out_of_memory")
        os._exit(3)
    sys.stdout.flush()
    os._exit(0)  # what the net started, such as threads, is not waited for


if __name__ == "__main__":
    main()
