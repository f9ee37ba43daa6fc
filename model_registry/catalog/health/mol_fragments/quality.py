"""Drugs whose scaffolds are common knowledge."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

KNOWN = {"CC(=O)Nc1ccc(O)cc1": "c1ccccc1", "CN1C=NC2=C1C(=O)N(C)C(=O)N2C": "O=c1[nH]c(=O)c2[nH]cnc2[nH]1", "CCCCCC": "",
         "CC(C)Cc1ccc(cc1)C(C)C(=O)O": "c1ccccc1", "O=C(c1ccccc1)c1ccccc1": "O=C(c1ccccc1)c1ccccc1"}


def measure(ask: Ask) -> list[Measure]:
    wrong = sum(ask(smiles=s).values["scaffold"] != scaffold for s, scaffold in KNOWN.items())
    groups = ask(smiles="CC(=O)Nc1ccc(O)cc1").values["functional_groups"]
    wrong += groups.get("phenol") != 1 or groups.get("amide") != 1
    return [Measure("wrong answers", int(wrong), "of 6", data="5 known scaffolds, paracetamol's groups", at_most=0)]
