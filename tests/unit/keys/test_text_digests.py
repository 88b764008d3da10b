"""A digest of a text tells nothing without its key, and is of that text in that place alone."""

from __future__ import annotations

from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.domain.text_review import TextDecision
from gateway.keys.text_digests import ID_LENGTH, TextDigests
from gateway.redact.text import cleared_by, standing

KEY, OTHER = b"k" * 32, b"o" * 32
COMMENT = ElementPath("comment")
PLACE = (7, 2)
DIGESTS = TextDigests(KEY, "answers")
DECIDED = TextDecision(
    ResourceName("answers"),
    (COMMENT, PLACE),
    DIGESTS.of(COMMENT, PLACE, "nkechi was good"),
    DIGESTS.of(COMMENT, PLACE, "[name] was good"),
    "released",
)


def test_a_digest_is_of_one_text_in_one_place_under_one_key() -> None:
    first = DIGESTS.of("comment", PLACE, "good")
    others = [
        DIGESTS.of("comment", PLACE, "bad"),
        DIGESTS.of("comment", (7, 3), "good"),
        DIGESTS.of("comment", (7, 2, 0), "good"),
        DIGESTS.of("remark", PLACE, "good"),
        TextDigests(KEY, "other").of("comment", PLACE, "good"),
        TextDigests(OTHER, "answers").of("comment", PLACE, "good"),
    ]
    assert DIGESTS.of("comment", PLACE, "good") == first
    assert first not in others
    assert len({*others}) == len(others)


def test_an_id_changes_with_the_text_and_with_what_is_seen_of_it() -> None:
    ids = {DIGESTS.review_id(source, redacted) for source in (b"a" * 32, b"b" * 32) for redacted in (b"a" * 32, b"b" * 32)}
    assert len(ids) == 4
    assert {len(one) for one in ids} == {ID_LENGTH}


def test_what_was_released_is_cleared_and_nothing_else() -> None:
    cleared = cleared_by({DECIDED.key: DECIDED}, DIGESTS)
    assert cleared(COMMENT, PLACE, "nkechi was good", "[name] was good")
    assert not cleared(COMMENT, PLACE, "nkechi was bad", "[name] was good")
    assert not cleared(COMMENT, PLACE, "nkechi was good", "[name] was [name]")
    assert not cleared(COMMENT, (7, 3), "nkechi was good", "[name] was good")
    assert not cleared(ElementPath("remark"), PLACE, "nkechi was good", "[name] was good")
    assert not cleared_by({DECIDED.key: DECIDED}, TextDigests(OTHER, "answers"))(
        COMMENT, PLACE, "nkechi was good", "[name] was good"
    )


def test_what_was_withheld_is_not_cleared() -> None:
    withheld = TextDecision(DECIDED.resource, DECIDED.key, DECIDED.source, DECIDED.redacted, "withheld")
    assert standing({DECIDED.key: withheld}, DIGESTS, DECIDED.key, "nkechi was good", "[name] was good") == "withheld"
    assert not cleared_by({DECIDED.key: withheld}, DIGESTS)(COMMENT, PLACE, "nkechi was good", "[name] was good")
