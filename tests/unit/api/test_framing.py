"""A query string becomes a request, or the message says which parameter to write differently."""

from __future__ import annotations

import pytest

from gateway.api.framing import frame
from gateway.domain.filtering import SortBy
from gateway.domain.identifiers import ElementPath
from gateway.errors import RequestError
from gateway.parse_filter import parse_filter


def test_what_is_not_the_apis_own_is_a_filter() -> None:
    asked = frame("candidates", [("purpose", "placement"), ("limit", "7"), ("select", "a, b.c,a"), ("x.y", "1")], "r")
    assert (asked.purpose, asked.limit, asked.select, asked.filters) == ("placement", 7, ("a", "b.c"), (("x.y", "1"),))


def test_a_filter_an_order_and_a_count_are_framed() -> None:
    asked = frame("candidates", [("filter", "a.b eq 1 or c isnull"), ("sort", "-a.b, c"), ("count", "exact"), ("d", "1")], "r")
    assert asked.filter == parse_filter("a.b eq 1 or c isnull")
    assert asked.sort == (SortBy(ElementPath("a.b"), descending=True), SortBy(ElementPath("c"), descending=False))
    assert asked.count
    assert asked.compared == {"a.b", "c", "d"}
    plain = frame("candidates", [("count", "none")], "r")
    assert (plain.filter, plain.sort, plain.count, plain.compared) == (None, (), False, frozenset())


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ([("limit", "1"), ("limit", "2")], "`limit` stands twice"),
        ([("provider", "a"), ("provider", "a")], "`provider` stands twice"),
        ([("limit", "-1")], "from 1 to 1000"),
        ([("limit", "1000000000")], "from 1 to 1000"),
        ([("limit", "\u0663")], "from 1 to 1000"),
        ([("limit", "")], "from 1 to 1000"),
        ([("select", "")], "`select` is a list"),
        ([("select", "firstName,")], "`select` is a list"),
        ([("select", "*")], "`select` is a list"),
        ([("select", "first name")], "`select` is a list"),
        ([("first\x00Name", "x")], "neither one of the API's own"),
        ([("", "x")], "neither one of the API's own"),
        ([("purpose", "placement\n")], "control characters"),
        ([("cursor", "x" * 2001)], "too long"),
        ([("cursor", "x" * 2000), ("filter", "a eq '" + "x" * 3994 + "'")], "too long"),
        ([("filter", "")], "`filter`, column 1"),
        ([("filter", "a eq 1"), ("filter", "a eq 1")], "`filter` stands twice"),
        ([("filter", "a eq 'x\ny'")], "control characters"),
        ([("sort", "")], "`sort` is a list"),
        ([("sort", "a,")], "`sort` is a list"),
        ([("sort", "--a")], "`sort` is a list"),
        ([("sort", "a desc")], "`sort` is a list"),
        ([("sort", "a,-a")], "3 different element paths"),
        ([("sort", "a,b,c,d")], "3 different element paths"),
        ([("count", "")], "`count` is exact or none"),
        ([("count", "true")], "`count` is exact or none"),
        ([(f"a{number}", "x") for number in range(51)], "50 parameters"),
    ],
)
def test_a_parameter_that_cannot_be_read_is_told(query: list[tuple[str, str]], says: str) -> None:
    with pytest.raises(RequestError) as told:
        frame("candidates", query, "r")
    assert says in told.value.detail
