"""Protein parameters by Biopython's ProtParam; charge at a pH by its pK set."""

from __future__ import annotations

from Bio.SeqUtils.ProtParam import ProteinAnalysis

from model_registry.catalog_kit import Request, Result, value_list
from model_registry.catalog_kit.sequences import letters


def run(request: Request) -> Result:
    protein = letters(request.input["sequence"], "protein", "sequence", ambiguous=False)
    found = ProteinAnalysis(protein)
    reduced, bridged = found.molar_extinction_coefficient()
    helix, turn, sheet = found.secondary_structure_fraction()
    return Result({"values": value_list(
        length=len(protein), mass=(round(found.molecular_weight(), 3), "Da"),
        isoelectric_point=round(found.isoelectric_point(), 3),
        charge=(round(found.charge_at_pH(request.parameters["ph"]), 4), f"at pH {request.parameters['ph']:g}"),
        extinction_reduced=(reduced, "1/(M·cm) at 280 nm"), extinction_bridged=(bridged, "1/(M·cm) at 280 nm"),
        gravy=round(found.gravy(), 4), aromaticity=round(found.aromaticity(), 4),
        instability_index=round(found.instability_index(), 3),
        helix=round(helix, 4), turn=round(turn, 4), sheet=round(sheet, 4)),
        "composition": {k: v for k, v in found.count_amino_acids().items() if v}})
