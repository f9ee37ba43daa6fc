"""Letters of DNA and proteins, cleaned of what people paste with them."""

from __future__ import annotations

from model_registry.catalog_kit.types import InvalidInput

ALPHABETS = {"dna": "ACGT", "protein": "ACDEFGHIKLMNPQRSTVWY"}
AMBIGUOUS = {"dna": "RYSWKMBDHVN", "protein": "BXZJUO"}


def letters(text: str, kind: str, field: str, *, gaps: bool = False, ambiguous: bool = True) -> str:
    """Upper-case letters of a sequence of `kind` (dna or protein) without FASTA header, spaces and numbers; RNA's U
    becomes T. InvalidInput where another letter is left, or nothing."""
    lines = [line for line in text.splitlines() if not line.startswith((">", ";"))]
    clean = "".join(c for c in "".join(lines).upper() if not c.isspace() and c not in "0123456789")
    clean = clean.rstrip("*")
    if kind == "dna":
        clean = clean.replace("U", "T")
    allowed = ALPHABETS[kind] + (AMBIGUOUS[kind] if ambiguous else "") + ("-" if gaps else "")
    wrong = next((c for c in clean if c not in allowed), None)
    if wrong is not None or not clean:
        raise InvalidInput(f"{wrong!r} is not a letter of {kind}" if wrong else "there are no letters", field=field)
    return clean
