"""What a capability runs imports the standard library, its declared libraries and the catalogue's kit, nothing else."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = sorted(path.parent for path in (ROOT / "model_registry" / "catalog").glob("*/*/model.yaml"))
KIT = "model_registry.catalog_kit"
MEASURING = {"quality.py"}  # runs on a developer's machine, not in the host


def imported(source: str) -> set[str]:
    """The modules that a source names; those beside it are `.name`."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


def strangers(folder: Path) -> dict[str, set[str]]:
    """File → modules that it may not import."""
    allowed = {*sys.stdlib_module_names, *(yaml.safe_load((folder / "model.yaml").read_text()).get("libraries") or [])}
    found = {}
    for file in folder.glob("*.py"):
        if file.name in MEASURING or file.name.startswith("test_"):
            continue
        wrong = {name for name in imported(file.read_text())
                 if name.split(".")[0] not in allowed and name != KIT and not name.startswith((f"{KIT}.", "."))}
        if wrong:
            found[file.name] = wrong
    return found


@pytest.mark.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])
def test_a_capability_imports_what_it_declares(folder: Path) -> None:
    assert strangers(folder) == {}


def test_the_check_sees_an_undeclared_library_and_a_package_of_ours(tmp_path: Path) -> None:
    (tmp_path / "model.yaml").write_text("libraries: [numpy]")
    (tmp_path / "entry.py").write_text(
        "import json, numpy.linalg, cv2\nfrom billing import rating\nfrom model_registry import services\n"
        "from model_registry.catalog_kit import Result\nfrom .helper import x\n")
    assert strangers(tmp_path) == {"entry.py": {"cv2", "billing", "model_registry"}}
