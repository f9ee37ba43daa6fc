"""BRICS bonds, the Murcko scaffold and Ertl-style functional groups by RDKit."""

from __future__ import annotations

from rdkit import Chem
from rdkit.Chem import BRICS, Fragments
from rdkit.Chem.Scaffolds import MurckoScaffold

from model_registry.catalog_kit import InvalidInput, Request, Result, value_list
from model_registry.catalog_kit.molecules import molecule


def run(request: Request) -> Result:
    mol = molecule(request.input["smiles"], "smiles")
    if mol.GetNumHeavyAtoms() > 120:
        raise InvalidInput("at most 120 heavy atoms", field="smiles")
    scaffold = MurckoScaffold.GetScaffoldForMol(mol)
    groups = {name[3:]: count for name, make in sorted(vars(Fragments).items())
              if name.startswith("fr_") and (count := make(mol))}
    return Result({"values": value_list(
        canonical=Chem.MolToSmiles(mol), scaffold=Chem.MolToSmiles(scaffold),
        generic_scaffold=Chem.MolToSmiles(MurckoScaffold.MakeScaffoldGeneric(scaffold)),
        rings=mol.GetRingInfo().NumRings(), fragments=sorted(BRICS.BRICSDecompose(mol)), functional_groups=groups)})
