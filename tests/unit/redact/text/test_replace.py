"""Tokens in place, and the examples of the agreement language's README."""

from __future__ import annotations

import re
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.identifiers import ElementPath
from gateway.domain.people import KnownPerson
from gateway.redact.text import KnownPeople, know, redact_text, text_redactor, withhold_text
from gateway.shipped import shipped
from gateway.words import Words, read_words
from tests.unit.redact.text.conftest import Redact

NOTHING = "nothing"
COMMENT = ElementPath("comment")
README = (shipped("policies") / "agreements" / "README.md").read_text(encoding="utf-8")
TREATED = re.search(r"^\| `redact_text` \| `(.*?)` \| `\"(.*?)\"` \|", README, re.MULTILINE)
EXAMPLES = [
    tuple(cell.strip().strip("`") for cell in line.strip("|").split("|"))
    for line in README.split("| before | after |\n|---|---|\n")[1].split("\n\n")[0].splitlines()
]
OF_THE_README = know(
    [
        KnownPerson((("given", "Ana"), ("family", "Ruiz-Ortega"), ("number", "C-104"))),
        KnownPerson((("given", "William"), ("family", "Young"))),
    ],
    read_words(),
)


@pytest.mark.parametrize(("before", "after"), EXAMPLES)
def test_the_readmes_examples(before: str, after: str, words: Words) -> None:
    redact = text_redactor(OF_THE_README, words)
    assert list(redact(COMMENT, [before], [(1, 1)])) == [None if after == NOTHING else after]


def test_the_example_in_the_table_of_treatments(words: Words) -> None:
    assert TREATED is not None
    assert redact_text(TREATED[1], OF_THE_README, words).text == TREATED[2]


def test_the_readme_shows_every_token() -> None:
    shown = {token for _, after in EXAMPLES for token in re.findall(r"\[([a-z-]+)\]", after)}
    assert shown == {"name", "e-mail", "phone", "address", "number", "date", "link"}


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Thanks to María\u0301 de la Cruz\u200d, for it all!", "Thanks to [name], for it all!"),
        ("Mari\u0301a taught — well — the “fields” of ﬁre.", "[name] taught — well — the “fields” of ﬁre."),
        ("It was 😀 with Ana, truly 😀 good for all.", "It was 😀 with [name], truly 😀 good for all."),
        ("  Two  spaces ,and Ana\n\nRuiz on two lines here. ", "  Two  spaces ,and [name]\n\n[name] on two lines here. "),
        ("We met Ana, William and Grace on the way to it all.", "We met [name] and [name] on the way to it all."),
    ],
)
def test_everything_else_stays_as_it_was(text: str, redacted: str, redact: Redact) -> None:
    assert redact(text).text == redacted


def test_a_token_does_not_tell_how_many_words_a_name_has(redact: Redact) -> None:
    one, four = (redact(f"I thank {name} for all that I learned here.").text for name in ("Ana", "Dr. Ana M. Ruiz-Ortega"))
    assert one == four


def test_where_too_much_is_taken_out_nothing_is_certain(redact: Redact) -> None:
    assert redact("Ana was good to us.").certain
    assert not redact("Ana, Grace: 312-555-0147").certain


@given(st.text(max_size=300))
def test_any_text_is_redacted_and_what_is_not_taken_out_stays(text: str) -> None:
    found = redact_text(text, OF_THE_README, read_words())
    assert all(0 <= start < end <= len(text) for start, end, _ in found.spans)
    assert all(before[1] <= behind[0] for before, behind in pairwise(found.spans))
    left = re.split(r"\[(?:name|e-mail|phone|address|number|date|link)\]", found.text) if "[" not in text else None
    edges = [0, *(edge for start, end, _ in found.spans for edge in (start, end)), len(text)]
    kept = [text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
    assert left is None or left == kept


@given(st.sampled_from(["Ana", "ana", "RUIZ", "Ruiz-Ortega", "Ána", "Bill Young"]), st.text(max_size=40), st.text(max_size=40))
def test_a_known_name_between_any_words_is_never_seen(name: str, before: str, behind: str) -> None:
    found = redact_text(f"{before} {name} {behind}", OF_THE_README, read_words())
    if found.certain:
        assert name not in found.text.replace(before, "").replace(behind, "") or name in (before + behind)


@pytest.mark.parametrize(
    "text", ["Ana " * 512, "a" * 2048, "A" * 2048, "'" * 2048, "a-" * 1024, "é" * 2048, "Mr. " * 512, "I " * 1024]
)
def test_no_text_takes_long(text: str, redact: Redact) -> None:
    begun = time.process_time()
    redact(text)
    assert time.process_time() - begun < 1


def test_nothing_is_seen_where_nobody_is_known(words: Words, known: KnownPeople) -> None:
    assert text_redactor(None, words)(COMMENT, ["It was good."], [(1, 1)]) == [None]
    assert withhold_text(COMMENT, ["It was good.", None], [(1, 1), (2, 1)]) == [None, None]
    assert text_redactor(known, words)(COMMENT, ["It was good.", None], [(1, 1), (2, 1)]) == ["It was good.", None]
