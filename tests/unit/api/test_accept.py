"""The format that a client likes best among those that there are."""

from __future__ import annotations

import pytest

from gateway.api.accept import accepted
from gateway.encode import MEDIA_TYPES
from gateway.errors import NotAcceptable


@pytest.mark.parametrize(
    ("header", "form"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        ("application/json", "json"),
        ("application/*", "json"),
        ("text/*", "csv"),
        ("text/csv", "csv"),
        ("TEXT/CSV; q=0.5, application/x-ndjson;q=0.9", "ndjson"),
        ("application/vnd.apache.parquet, */*;q=0.1", "parquet"),
        ("text/html, application/vnd.apache.arrow.stream;q=0.2", "arrow"),
        ("text/csv, */*", "csv"),
        ("application/json;q=0, text/csv;q=0.1", "csv"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "json"),
        ("application/json;charset=utf-8", "json"),
    ],
)
def test_the_best_is_taken(header: str | None, form: str) -> None:
    assert accepted(header, tuple(MEDIA_TYPES)) == form


@pytest.mark.parametrize("header", ["text/html", "application/json;q=0", "application/json;q=soon", "x" * 1_001, ",", "image/*"])
def test_what_there_is_not_is_refused_with_what_there_is(header: str) -> None:
    with pytest.raises(NotAcceptable):
        accepted(header, tuple(MEDIA_TYPES))
