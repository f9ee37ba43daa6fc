"""RDKit's filter catalogues: PAINS, Brenk, NIH and ZINC."""

from __future__ import annotations

from functools import cache

from rdkit.Chem import FilterCatalog

from model_registry.catalog_kit import Request, Result, check
from model_registry.catalog_kit.molecules import molecule

SETS = {"PAINS": "PAINS", "Brenk": "BRENK", "NIH": "NIH", "ZINC": "ZINC"}


@cache
def catalogue(name: str) -> FilterCatalog.FilterCatalog:
    parameters = FilterCatalog.FilterCatalogParams()
    parameters.AddCatalog(getattr(FilterCatalog.FilterCatalogParams.FilterCatalogs, SETS[name]))
    return FilterCatalog.FilterCatalog(parameters)


def run(request: Request) -> Result:
    mol = molecule(request.input["smiles"], "smiles")
    checks, atoms = [], []
    for name in SETS:
        found = sorted({m.GetDescription() for m in catalogue(name).GetMatches(mol)})
        for match in catalogue(name).GetFilterMatches(mol):
            atoms.append({"set": name, "atoms": sorted(pair[1] for pair in match.atomPairs)})
        checks.append(check(name, not found, len(found), ", ".join(found[:8]) or "none"))
    clean = sum(c["passed"] for c in checks)
    return Result({"verdict": "no alert" if clean == len(checks) else "alerts", "score": clean / len(checks),
                   "checks": checks, "matches": atoms})
