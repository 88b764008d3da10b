"""Folding: what looks alike is alike, and each character knows where it came from."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.redact.text.fold import fold


@pytest.mark.parametrize(
    ("source", "folded"),
    [
        ("Ana", "ana"),
        ("María", "maria"),
        (unicodedata.normalize("NFD", "María"), "maria"),
        ("Łukasiewicz", "lukasiewicz"),
        ("Straße", "strasse"),
        ("O’Brien", "o'brien"),
        ("Ruiz–Ortega", "ruiz-ortega"),
        ("Аnа", "ana"),  # two of the letters are Cyrillic
        ("Ａｎａ", "ana"),
        ("An\u200ba", "ana"),
        ("An\u00ada", "ana"),
        ("ﬁeld", "field"),
        ("٣١٢", "312"),
        ("𝐀𝐧𝐚", "ana"),
        ("İpek", "ipek"),
    ],
)
def test_what_looks_alike_is_alike(source: str, folded: str) -> None:
    assert fold(source).text == folded


@given(st.text())
def test_every_character_has_its_place(source: str) -> None:
    folded = fold(source)
    assert len(folded.text) == len(folded.starts) == len(folded.ends)
    assert all(0 <= start < end <= len(source) for start, end in zip(folded.starts, folded.ends, strict=True))
    assert list(folded.starts) == sorted(folded.starts)
    assert list(folded.ends) == sorted(folded.ends)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=20), st.text(max_size=20))
def test_a_part_is_found_where_it_stands(before: str, behind: str) -> None:
    source = f"{before} Ru\u0308iz\u200d {behind}"
    folded = fold(source)
    at = folded.text.index("ruiz")
    first, last = folded.of_source(at, at + len("ruiz"))
    assert "ruiz" in fold(source[first:last]).text
    assert "\u200d" not in source[:first] + source[last:] or "\u200d" in before + behind
