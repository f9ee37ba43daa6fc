"""A wrong wall clock for one process, by a small library that is preloaded into it. Needs a C compiler."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path


class Skew:
    """`environment` is what the process is started with; `set` changes its clock while it runs."""

    def __init__(self, folder: Path, library: Path) -> None:
        self._file = folder / "skew"
        self._file.write_bytes(struct.pack("d", 0.0))
        self.environment = {"LD_PRELOAD": str(library), "CHAOS_SKEW": str(self._file)}

    @classmethod
    def build(cls, folder: Path) -> Skew | None:
        """None where there is no compiler."""
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            return None
        library = folder / "skew.so"
        source = Path(__file__).with_name("skew.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source)], check=True)
        return cls(folder, library)

    def set(self, seconds: float) -> None:
        descriptor = os.open(self._file, os.O_WRONLY)
        try:
            os.pwrite(descriptor, struct.pack("d", seconds), 0)
        finally:
            os.close(descriptor)
