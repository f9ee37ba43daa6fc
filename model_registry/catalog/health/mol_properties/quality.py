"""Handbook values of common drugs: molar mass and formula, polar surface and logP as published."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

# SMILES, formula, molar mass (g/mol), experimental logP (Hansch), topological polar surface (Ertl 2000, PubChem)
KNOWN = (("CC(=O)Oc1ccccc1C(=O)O", "C9H8O4", 180.16, 1.19, 63.6), ("CN1C=NC2=C1C(=O)N(C(=O)N2C)C", "C8H10N4O2", 194.19,
         -0.07, 58.4), ("CC(=O)Nc1ccc(O)cc1", "C8H9NO2", 151.16, 0.46, 49.3), ("CC(C)Cc1ccc(cc1)C(C)C(=O)O", "C13H18O2",
         206.28, 3.97, 37.3), ("c1ccccc1", "C6H6", 78.11, 2.13, 0.0), ("CCO", "C2H6O", 46.07, -0.31, 20.2),
         ("c1ccc2ccccc2c1", "C10H8", 128.17, 3.30, 0.0), ("OC(=O)c1ccccc1", "C7H6O2", 122.12, 1.87, 37.3))


def measure(ask: Ask) -> list[Measure]:
    found = [ask(smiles=smiles).values for smiles, *_ in KNOWN]
    formulas = sum(f["formula"] == k[1] for f, k in zip(found, KNOWN, strict=True))
    mass = max(abs(f["molecular weight"] - k[2]) for f, k in zip(found, KNOWN, strict=True))
    logp = [abs(f["logP"] - k[3]) for f, k in zip(found, KNOWN, strict=True)]
    surface = max(abs(f["polar surface"] - k[4]) for f, k in zip(found, KNOWN, strict=True))
    drugs = f"{len(KNOWN)} common compounds"
    return [Measure("formulas right", 100 * formulas / len(KNOWN), "%", data=drugs, at_least=100),
            Measure("error of the molar mass", mass, "g/mol at most", data=drugs, method="IUPAC weights", at_most=0.02),
            Measure("error of logP", sum(logp) / len(logp), "on average", data=drugs, at_most=0.6,
                    method="against measured octanol-water values (Hansch)"),
            Measure("error of the polar surface", surface, "Å² at most", data=drugs, method="PubChem", at_most=4)]
