"""Hen egg-white lysozyme, whose figures are published."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure

LYSOZYME = (
    "KVFGRCELAAAMKRHGLDNYRGYSLGNWVCAAKFESNFNTQATNRNTDGSTDYGILQINSRWWCNDGRTPGSRNLCNIPCSALLSSDITASVNCAKKIVSDGNGMNAWVAWR"
    "NRCKGTDVQAWIRGCRL"
)


def measure(ask: Ask) -> list[Measure]:
    v = ask(sequence=LYSOZYME).values
    return [
        Measure("mass error", abs(v["mass"] - 14313.1), "Da", data="lysozyme, ProtParam 14,313.1 Da", at_most=1.0),
        Measure("pI error", abs(v["isoelectric_point"] - 9.32), "", data="lysozyme, ProtParam 9.32", at_most=0.15),
        Measure("extinction error", abs(v["extinction_bridged"] - 37970), "", data="lysozyme, 37,970", at_most=0),
    ]
