"""SMILES in, RDKit molecules out, with clear refusals."""

from __future__ import annotations

from rdkit import Chem, RDLogger

from model_registry.catalog_kit.types import InvalidInput

MOST_ATOMS = 300
# A caller's typing error is answered to the caller, not printed into the host's log.
RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]


def molecule(smiles: str, field: str) -> Chem.Mol:
    """The molecule of a SMILES text; InvalidInput where it is none, is empty or has more than 300 atoms."""
    found = Chem.MolFromSmiles(smiles.strip())
    if found is None:
        raise InvalidInput("not a valid SMILES", field=field)
    if not 0 < found.GetNumAtoms() <= MOST_ATOMS:
        raise InvalidInput(f"between 1 and {MOST_ATOMS} atoms are accepted", field=field)
    return found
