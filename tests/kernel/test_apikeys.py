"""API keys: minted keys pass the offline check, any single change fails it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import apikeys


@pytest.mark.parametrize("mode", ["live", "test"])
def test_a_minted_key_is_well_formed(mode: apikeys.Mode) -> None:
    key = apikeys.mint(mode)
    assert key.startswith(f"tsr_{mode}_")
    assert len(key) == len("tsr_live_") + 36
    assert apikeys.well_formed(key)
    assert apikeys.mode_of(key) == mode
    assert apikeys.mint(mode) != key


@given(position=st.integers(9, 44), replacement=st.sampled_from(apikeys.ALPHABET))
def test_one_changed_character_breaks_the_checksum(position: int, replacement: str) -> None:
    key = apikeys.mint("live")
    if key[position] != replacement:
        assert not apikeys.well_formed(key[:position] + replacement + key[position + 1:])


@given(st.text())
def test_other_text_is_no_key(text: str) -> None:
    assert not apikeys.well_formed(text)


def test_the_hash_depends_on_the_pepper() -> None:
    key = apikeys.mint("test")
    assert apikeys.hash_key(key, "a") == apikeys.hash_key(key, "a") != apikeys.hash_key(key, "b")
    assert len(apikeys.hash_key(key, "a")) == 64
