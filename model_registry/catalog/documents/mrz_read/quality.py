"""The specimens of ICAO 9303 parts 4 to 6, as pictures and as text with look-alikes swapped."""

from __future__ import annotations

from typing import Any

from model_registry.catalog_kit.quality import Ask, Measure
from model_registry.catalog_kit.scenes import text_page

SPECIMENS = {
    "TD3": ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10",
            {"surname": "ERIKSSON", "given_names": "ANNA MARIA", "number": "L898902C3", "born": "1974-08-12",
             "expires": "2012-04-15", "nationality": "UTO", "sex": "F"}),
    "TD1": ("I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<",
            {"surname": "ERIKSSON", "given_names": "ANNA MARIA", "number": "D23145890", "born": "1974-08-12",
             "expires": "2012-04-15", "nationality": "UTO", "sex": "F"}),
    "TD2": ("I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6",
            {"surname": "ERIKSSON", "given_names": "ANNA MARIA", "number": "D23145890", "born": "1974-08-12",
             "expires": "2012-04-15", "nationality": "UTO", "sex": "F"}),
}


def picture(kind: str) -> Any:
    rows = SPECIMENS[kind][0].split("\n")
    return text_page([(30, 120 + 44 * i, row) for i, row in enumerate(rows)], (900, 280), 28)


def samples() -> dict[str, Any]:
    return {"passport.png": picture("TD3")}


def measure(ask: Ask) -> list[Measure]:
    right = total = 0
    for kind, (text, wanted) in SPECIMENS.items():
        for answer in (ask(text=text), ask(image=picture(kind))):
            found = answer.values
            right += sum(found[k] == v for k, v in wanted.items()) + (found["kind"] == kind) + found["checks_hold"]
            total += len(wanted) + 2
    swapped = SPECIMENS["TD3"][0].replace("7408122F1204159", "74O8I22F12O4IS9")
    mended = ask(text=swapped).values
    wrong = ask(text=SPECIMENS["TD3"][0].replace("740812", "740813"))
    return [Measure("fields right", 100 * right / total, "%", at_least=97,
                    data="the specimens TD1, TD2, TD3 of ICAO 9303, as text and as picture"),
            Measure("look-alikes put right", float(mended["checks_hold"] and mended["born"] == "1974-08-12"),
                    data="O, I and S for digits", at_least=1),
            Measure("a wrong date is told", float(not wrong.values["checks_hold"]), at_least=1)]
