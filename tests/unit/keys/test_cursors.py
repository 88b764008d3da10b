"""A cursor works for the client, agreement and query that it was made for, and for nothing else."""

from __future__ import annotations

import pytest

from gateway.errors import RequestError
from gateway.keys.cursors import Cursors

CURSORS = Cursors(bytes(range(64)))
BOUND = (b"riverton-sis", b"placement|1", b"query")


def test_a_cursor_opens_for_its_own_request_and_is_the_same_each_time() -> None:
    cursor = CURSORS.seal(b"12345678", *BOUND)
    assert CURSORS.unseal(cursor, *BOUND) == b"12345678"
    assert CURSORS.seal(b"12345678", *BOUND) == cursor


@pytest.mark.parametrize("changed", [0, 1, 2])
def test_a_cursor_of_another_client_agreement_or_query_is_refused(changed: int) -> None:
    cursor = CURSORS.seal(b"12345678", *BOUND)
    other = tuple(part + b"x" if at == changed else part for at, part in enumerate(BOUND))
    with pytest.raises(RequestError):
        CURSORS.unseal(cursor, *other)


@pytest.mark.parametrize("made_up", ["", "x", "A" * 32, "ü" * 32, "=" * 8, "A" * 5000, "a b", "AAAA\n"])
def test_a_made_up_cursor_is_refused_in_the_same_words(made_up: str) -> None:
    with pytest.raises(RequestError) as refused:
        CURSORS.unseal(made_up, *BOUND)
    assert "Repeat the request without cursor" in refused.value.detail


def test_a_cursor_has_one_spelling() -> None:
    cursor = CURSORS.seal(b"1234567", *BOUND)
    with pytest.raises(RequestError):
        CURSORS.unseal(cursor + "=", *BOUND)
