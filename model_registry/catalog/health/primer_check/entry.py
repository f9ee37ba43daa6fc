"""SantaLucia's nearest-neighbour melting temperature, and the usual rules of a good primer."""

from __future__ import annotations

from Bio.SeqUtils import MeltingTemp

from model_registry.catalog_kit import InvalidInput, Request, Result, check
from model_registry.catalog_kit.sequences import letters

PAIR = str.maketrans("ACGT", "TGCA")


def dimer(a: str, b: str) -> int:
    """Most bases in a row that pair when b lies along a the other way."""
    other, most = b.translate(PAIR)[::-1], 0
    for i in range(len(a)):
        for j in range(len(other)):
            k = 0
            while i + k < len(a) and j + k < len(other) and a[i + k] == other[j + k]:
                k += 1
            most = max(most, k)
    return most


def hairpin(a: str) -> int:
    """Longest stem with a loop of at least three."""
    most = 0
    for i in range(len(a)):
        for j in range(i + 4, len(a)):
            k = 0
            while j - k - (i + k) > 3 and a[i + k].translate(PAIR) == a[j - k]:
                k += 1
            most = max(most, k)
    return most


def run(request: Request) -> Result:
    salt, oligo = request.parameters["sodium_mm"], request.parameters["primer_nm"]
    primers = {f: letters(request.input[f], "dna", f) for f in ("forward", "reverse") if request.input[f] is not None}
    checks, temperatures = [], {}
    for name, primer in primers.items():
        if len(primer) < 8:
            raise InvalidInput("a primer has at least 8 bases", field=name)
        tm = temperatures[name] = float(MeltingTemp.Tm_NN(primer, Na=salt, dnac1=oligo, dnac2=0, saltcorr=5))
        gc = (primer.count("G") + primer.count("C")) / len(primer)
        run_ = max(len(list(part)) for part in _runs(primer))
        checks += [
            check(f"{name}: melting temperature", 50 <= tm <= 68, round(tm, 2), "°C, 50 to 68"),
            check(f"{name}: GC", 0.4 <= gc <= 0.6, round(gc, 4), "40 to 60 %"),
            check(f"{name}: length", 18 <= len(primer) <= 28, len(primer), "18 to 28 bases"),
            check(f"{name}: run", run_ <= 4, run_, "at most 4 of one base in a row"),
            check(f"{name}: end", primer[-1] in "GC", primer[-1], "G or C at the 3′ end"),
            check(
                f"{name}: self-dimer", dimer(primer, primer) <= 5, dimer(primer, primer), "at most 5 paired in a row"
            ),
            check(f"{name}: hairpin", hairpin(primer) <= 4, hairpin(primer), "a stem of at most 4"),
        ]
    if len(primers) == 2:
        apart = abs(temperatures["forward"] - temperatures["reverse"])
        both = dimer(primers["forward"], primers["reverse"])
        checks += [
            check("pair: difference", apart <= 3, round(apart, 2), "°C, at most 3"),
            check("pair: dimer", both <= 5, both, "at most 5 paired in a row"),
        ]
    passed = sum(bool(c["passed"]) for c in checks)
    return Result(
        {
            "verdict": "good" if passed == len(checks) else "needs a look",
            "score": round(passed / len(checks), 4),
            "checks": checks,
        }
    )


def _runs(primer: str) -> list[str]:
    parts = [primer[0]]
    for base in primer[1:]:
        if base == parts[-1][0]:
            parts[-1] += base
        else:
            parts.append(base)
    return parts
