"""A molecule as SVG (RDKit)."""

from __future__ import annotations

from rdkit import Chem, RDLogger
from rdkit.Chem.Draw import rdMolDraw2D

from model_registry.catalog_kit import InvalidInput, Request, Result

RDLogger.DisableLog("rdApp.*")
MOST_ATOMS = 200


def run(request: Request) -> Result:
    molecule = Chem.MolFromSmiles(request.input["smiles"].strip())
    if molecule is None or not 0 < molecule.GetNumAtoms() <= MOST_ATOMS:
        raise InvalidInput(f"not a valid SMILES of 1 to {MOST_ATOMS} heavy atoms", field="smiles")
    width, height = request.parameters["width"], request.parameters["height"]
    drawer = rdMolDraw2D.MolDraw2DSVG(width, height)
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, molecule)
    drawer.FinishDrawing()
    return Result({"width": width, "height": height, "svg": drawer.GetDrawingText(),
                   "values": {"canonical_smiles": Chem.MolToSmiles(molecule)}})
