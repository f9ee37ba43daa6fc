"""Distance geometry with torsion knowledge, then MMFF94; the lowest of several starts."""

from __future__ import annotations

from rdkit import Chem
from rdkit.Chem import AllChem, Descriptors3D

from model_registry.catalog_kit import InvalidInput, Request, Result, value_list
from model_registry.catalog_kit.molecules import molecule


def run(request: Request) -> Result:
    mol = molecule(request.input["smiles"], "smiles")
    if mol.GetNumHeavyAtoms() > 60:
        raise InvalidInput("at most 60 heavy atoms", field="smiles")
    mol = Chem.AddHs(mol)
    settings = AllChem.ETKDGv3()
    settings.randomSeed, settings.maxIterations, settings.numThreads = 7, 200, 1
    made = list(AllChem.EmbedMultipleConfs(mol, request.parameters["starts"], settings))
    if not made:
        raise InvalidInput("no 3D shape was found for this molecule", field="smiles")
    if AllChem.MMFFHasAllMoleculeParams(mol):
        field, results = "MMFF94", AllChem.MMFFOptimizeMoleculeConfs(mol, maxIters=500, numThreads=1)
    else:
        field, results = "UFF", AllChem.UFFOptimizeMoleculeConfs(mol, maxIters=500, numThreads=1)
    energies = [e for _, e in results]
    best = min(range(len(energies)), key=energies.__getitem__)
    conformer = made[best]
    values = value_list(
        energy=(round(energies[best], 4), "kcal/mol"),
        force_field=field,
        conformers=len(made),
        energy_range=(round(max(energies) - min(energies), 4), "kcal/mol"),
        radius_of_gyration=(round(Descriptors3D.RadiusOfGyration(mol, conformer), 4), "Å"),
        asphericity=round(Descriptors3D.Asphericity(mol, conformer), 4),
        npr1=round(Descriptors3D.NPR1(mol, conformer), 4),
        npr2=round(Descriptors3D.NPR2(mol, conformer), 4),
    )
    return Result({"values": values, "molfile": Chem.MolToMolBlock(mol, confId=conformer)})
