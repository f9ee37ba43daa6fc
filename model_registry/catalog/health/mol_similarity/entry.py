"""Tanimoto similarity of fingerprints (RDKit)."""

from __future__ import annotations

from rdkit import DataStructs
from rdkit.Chem import MACCSkeys, rdFingerprintGenerator

from model_registry.catalog_kit import Request, Result
from model_registry.catalog_kit.molecules import molecule

MAKERS = {
    "morgan": rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048).GetFingerprint,
    "atom-pair": rdFingerprintGenerator.GetAtomPairGenerator(fpSize=2048).GetFingerprint,
    "maccs": MACCSkeys.GenMACCSKeys,
}


def run(request: Request) -> Result:
    make = MAKERS[request.parameters["fingerprint"]]
    query = make(molecule(request.input["query"], "query"))
    prints = [make(molecule(s, f"/input/library/{i}")) for i, s in enumerate(request.input["library"])]
    scores = DataStructs.BulkTanimotoSimilarity(query, prints)
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))[: request.parameters["top"]]
    return Result({"results": [{"index": i, "text": request.input["library"][i], "score": round(scores[i], 6)}
                               for i in order]})
