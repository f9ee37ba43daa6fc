"""A molecule written in two ways is one molecule; isomers and strangers rank below it."""

from __future__ import annotations

from model_registry.catalog_kit.quality import Ask, Measure


def measure(ask: Ask) -> list[Measure]:
    wrong = 0
    for fingerprint in ("morgan", "atom-pair", "maccs"):
        out = ask(query="OC(=O)c1ccccc1OC(C)=O", library=["CCCCCC", "O=C(O)c1ccccc1O", "CC(=O)Oc1ccccc1C(=O)O"],
                  parameters={"fingerprint": fingerprint}).output["results"]
        wrong += [r["index"] for r in out] != [2, 1, 0]
        wrong += out[0]["score"] != 1.0
    return [Measure("orders wrong", wrong, "", data="aspirin written otherwise, salicylic acid, hexane", at_most=0)]
