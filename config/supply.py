"""What the product is made of, and what is known against it: `python -m config.supply sbom|audit|bandit`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-uv.lock")
BIN = Path(sys.executable).parent
CODE = ("config", "kernel", "marketplace", "billing", "model_registry", "inference_backend", "sdk/python/src")
SILENT = ("connection", "resolve", "timed out", "timeout", "proxy", "unreachable", "max retries", "403", "404", "503")


def locked() -> dict[str, str]:
    """Name → version of every locked package."""
    lines = (line for lock in LOCKS for line in (ROOT / lock).read_text().splitlines())
    found = (re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", line) for line in lines)
    return {match[1].lower().replace("_", "-"): match[2] for match in found if match}


def sbom(path: Path) -> dict[str, Any]:
    """Writes the bill of materials (CycloneDX 1.6, JSON) of the locks, with a hash for every file that may be used."""
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [str(BIN / "cyclonedx-py"), "requirements", str(ROOT / LOCKS[0]),
               "--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible", "--sv", "1.6",
               "--of", "JSON", "-o", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    document: dict[str, Any] = json.loads(path.read_text())
    listed = {part["name"].lower().replace("_", "-") for part in document["components"]}
    missing = sorted(set(locked()) - listed - {"uv"})
    return {"file": str(path), "components": len(listed), "missing": missing, "good": not missing}


def audit() -> dict[str, Any]:
    """Known faults of the locked versions. Where no advisory service can be reached it says so, and knows nothing."""
    command = [str(BIN / "pip-audit"), "--requirement", str(ROOT / LOCKS[0]), "--disable-pip", "--require-hashes",
               "--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        said = json.loads(done.stdout) if done.stdout.strip().startswith("{") else None
        words = done.stderr
    except (subprocess.TimeoutExpired, ValueError) as error:
        said, words = None, f"timed out: {error}"
    if said is None:
        reached = not any(word in words.lower() for word in SILENT)
        return {"checked": False, "packages": len(locked()), "reason": "the advisory service could not be reached"
                if not reached else words.strip()[-300:], "good": not reached}
    faults = [{"name": part["name"], "version": part["version"], "ids": [v["id"] for v in part["vulns"]],
               "fixed_in": sorted({fix for v in part["vulns"] for fix in v["fix_versions"]})}
              for part in said["dependencies"] if part.get("vulns")]
    for fault in faults:
        fixed = ", ".join(fault["fixed_in"]) or "nothing yet"
        print(f"{fault['name']} {fault['version']}: {', '.join(fault['ids'])}; fixed in {fixed}")
    return {"checked": True, "packages": len(said["dependencies"]), "faults": len(faults), "good": not faults}


def bandit() -> dict[str, Any]:
    """Bandit over the product's code: nothing of high severity is accepted."""
    done = subprocess.run([str(BIN / "bandit"), "-q", "-r", *CODE, "-f", "json", "--severity-level", "high"],
                          cwd=ROOT, capture_output=True, text=True)
    found = json.loads(done.stdout[done.stdout.index("{"):])
    for fault in found["results"]:
        print(f"{fault['filename']}:{fault['line_number']} {fault['test_id']} {fault['issue_text']}")
    return {"files": len(found["metrics"]) - 1, "high": len(found["results"]), "good": not found["results"]}


def main(arguments: list[str]) -> int:
    what = arguments[0] if arguments else ""
    if what == "sbom":
        report = sbom(Path(arguments[1]) if len(arguments) > 1 else ROOT / "var" / "sbom.json")
    elif what in ("audit", "bandit"):
        report = {"audit": audit, "bandit": bandit}[what]()
    else:
        print("usage: python -m config.supply sbom [FILE] | audit | bandit", file=sys.stderr)
        return 2
    print(json.dumps(report))
    return 0 if report["good"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
