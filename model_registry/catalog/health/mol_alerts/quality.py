"""A rhodanine that every PAINS list names, and three drugs that none does."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    def pains(smiles: str) -> int:
        return next(c["value"] for c in ask(smiles=smiles).output["checks"] if c["name"] == "PAINS")

    bad = ["O=C1C(=Cc2ccc(O)c(O)c2)SC(=S)N1", "O=C1C=CC(=O)C=C1", "Oc1ccc(cc1O)C(=O)CCl"]
    good = ["CC(=O)Nc1ccc(O)cc1", "CC(C)Cc1ccc(cc1)C(C)C(=O)O", "CN1C=NC2=C1C(=O)N(C)C(=O)N2C"]
    return [
        Measure(
            "PAINS missed", sum(pains(s) == 0 for s in bad), "of 3", data="rhodanine, quinone, catechol", at_most=0
        ),
        Measure(
            "false alerts", sum(pains(s) > 0 for s in good), "of 3", data="paracetamol, ibuprofen, caffeine", at_most=0
        ),
    ]
