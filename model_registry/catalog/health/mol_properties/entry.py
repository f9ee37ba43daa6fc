"""Descriptors of a molecule (RDKit)."""

from __future__ import annotations

from rdkit import Chem, RDLogger
from rdkit.Chem import QED, Crippen, Descriptors, Lipinski, rdMolDescriptors

from model_registry.catalog_kit import InvalidInput, Request, Result

RDLogger.DisableLog("rdApp.*")
MOST_ATOMS = 300


def run(request: Request) -> Result:
    molecule = Chem.MolFromSmiles(request.input["smiles"].strip())
    if molecule is None or not 0 < molecule.GetNumAtoms() <= MOST_ATOMS:
        raise InvalidInput(f"not a valid SMILES of 1 to {MOST_ATOMS} heavy atoms", field="smiles")
    weight, logp = Descriptors.MolWt(molecule), Crippen.MolLogP(molecule)
    donors, acceptors = Lipinski.NumHDonors(molecule), Lipinski.NumHAcceptors(molecule)
    broken = sum((weight > 500, logp > 5, donors > 5, acceptors > 10))
    found = (("formula", rdMolDescriptors.CalcMolFormula(molecule), ""),
             ("canonical SMILES", Chem.MolToSmiles(molecule), ""),
             ("molecular weight", round(weight, 3), "g/mol"), ("logP", round(logp, 3), ""),
             ("polar surface", round(rdMolDescriptors.CalcTPSA(molecule), 2), "Å²"), ("H donors", donors, ""),
             ("H acceptors", acceptors, ""), ("rotatable bonds", Lipinski.NumRotatableBonds(molecule), ""),
             ("rings", rdMolDescriptors.CalcNumRings(molecule), ""), ("QED", round(QED.qed(molecule), 4), ""),
             ("Lipinski violations", broken, ""))
    return Result({"values": [{"name": n, "value": v} | ({"unit": u} if u else {}) for n, v, u in found]},
                  warnings=["research use"])
