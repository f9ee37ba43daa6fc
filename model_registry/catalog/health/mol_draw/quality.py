"""Molecules whose structure is known: what is drawn is parsed back from the answer and from the SVG's atoms."""

from __future__ import annotations

import re

from rdkit import Chem

from model_registry.catalog_kit.quality import Ask, Measure

SMILES = ("CC(=O)Oc1ccccc1C(=O)O", "CN1C=NC2=C1C(=O)N(C(=O)N2C)C", "C1CCCCC1", "O=C(O)c1ccccc1",
          "CC(C)Cc1ccc(cc1)C(C)C(=O)O", "C[C@H](N)C(=O)O", "[Na+].[Cl-]", "c1ccc2ccccc2c1")


def measure(ask: Ask) -> list[Measure]:
    same = bonds = 0
    for smiles in SMILES:
        molecule = Chem.MolFromSmiles(smiles)
        found = ask(smiles=smiles).output
        same += Chem.CanonSmiles(found["values"]["canonical_smiles"]) == Chem.CanonSmiles(smiles)
        seen = {int(number) for number in re.findall(r"class='bond-(\d+)", found["svg"])}
        bonds += seen == set(range(molecule.GetNumBonds()))
    return [Measure("same molecule", 100 * same / len(SMILES), "%", data=f"{len(SMILES)} molecules", at_least=100,
                    method="canonical SMILES"),
            Measure("every bond drawn, no other", 100 * bonds / len(SMILES), "%", data="the same", at_least=100,
                    method="marks of the SVG")]
