"""The text of a filter is read exactly; what is no filter is told with its place and what to write, and never repeated."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.filtering import Comparison, Filter, Joined, Not, Written
from gateway.domain.identifiers import ElementPath
from gateway.errors import RequestError
from gateway.parse_filter import DEEPEST, MOST_COMPARISONS, MOST_LISTED, parse_filter
from tests.asking import spelled

A, B, C = (Comparison(ElementPath(name), "isnull", (), 1) for name in "abc")


def compared(path: str, operator: str, *values: Written) -> Comparison:
    return Comparison(ElementPath(path), operator, values, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "filter_"),
    [
        ("a isnull", A),
        ("a isnull and b isnull or c isnull", Joined("or", (Joined("and", (A, B)), C))),
        ("a isnull or b isnull and c isnull", Joined("or", (A, Joined("and", (B, C))))),
        ("(a isnull or b isnull) and c isnull", Joined("and", (Joined("or", (A, B)), C))),
        ("not a isnull and b isnull", Joined("and", (Not(A), B))),
        ("not (a isnull and b isnull)", Not(Joined("and", (A, B)))),
        ("not not a isnull", Not(Not(A))),
        ("((a isnull))", A),
        ("a isnull and (b isnull and c isnull)", Joined("and", (A, B, C))),
        ("  a   isnull  ", A),
        ("a eq null", A),
        ("a ne null", Not(A)),
        ("a.b.c.d eq 'x'", compared("a.b.c.d", "eq", Written("text", "x"))),
        ("a eq 'O''Brien'", compared("a", "eq", Written("text", "O'Brien"))),
        ("a eq ''", compared("a", "eq", Written("text", ""))),
        ("a eq ''''", compared("a", "eq", Written("text", "'"))),
        ("a eq 'and or ( not'", compared("a", "eq", Written("text", "and or ( not"))),
        ("a in (1, -2.5,3e4)", compared("a", "in", *(Written("number", text) for text in ("1", "-2.5", "3e4")))),
        ("a in('x')", compared("a", "in", Written("text", "x"))),
        ("a ge 2026-08-24", compared("a", "ge", Written("date", "2026-08-24"))),
        ("a ne true", compared("a", "ne", Written("boolean", "true"))),
        ("android eq false", compared("android", "eq", Written("boolean", "false"))),
        ("nothing isnull or inside isnull", Joined("or", (compared("nothing", "isnull"), compared("inside", "isnull")))),
        ("a contains '%'", compared("a", "contains", Written("text", "%"))),
        ("a startswith '_'", compared("a", "startswith", Written("text", "_"))),
    ],
)  # fmt: skip
def test_a_filter_and_what_it_says(text: str, filter_: Filter) -> None:
    assert parse_filter(text) == filter_


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", 1, "an element's path"),
        (" ", 2, "an element's path"),
        ("firstName", 10, "how to compare"),
        ("a like 'secret'", 3, "how to compare"),
        ("a EQ 1", 3, "how to compare"),
        ("a_b eq 1", 2, "how to compare"),
        ("a..b eq 1", 1, "an element's path"),
        ("a.b.c.d.e eq 1", 1, "an element's path"),
        ("a eq", 5, "a value"),
        ("a eq secret", 6, "a value"),
        ("a eq 2026-08", 6, "a value"),
        ("a eq 5and b eq 6", 6, "a value"),
        ("a eq 0x10", 6, "a value"),
        ("a eq +5", 6, "a value"),
        ("a eq nan", 6, "a value"),
        ("a eq 'secret", 6, "has no end"),
        ('a eq "secret"', 6, "single quotes"),
        ("a = 5", 3, "words instead of signs"),
        ("a eq 1 && b eq 2", 8, "words instead of signs"),
        ("a eq 5 b eq 6", 8, "`and`, `or`, `)`"),
        ("a eq 5)", 7, "`and`, `or`, `)`"),
        ("(a eq 5", 8, "`and`, `or`, `)`"),
        ("a eq 5 AND b eq 6", 8, "`and`, `or`, `)`"),
        ("a eq 5é", 7, "`and`, `or`, `)`"),
        ("a eq 5 and", 11, "an element's path"),
        ("not", 4, "an element's path"),
        ("a in 5", 6, "in parentheses"),
        ("a in ()", 7, "a value"),
        ("a in (5,", 9, "a value"),
        ("a in (5 6)", 9, "another value"),
        ("a in (5, null)", 1, "`isnull`"),
        ("a lt null", 3, "`isnull`"),
        ("a isnull true", 10, "`and`, `or`, `)`"),
        ("é eq 1", 1, "an element's path"),
    ],
)
def test_what_is_no_filter_is_told_with_its_place_and_without_its_values(text: str, column: int, says: str) -> None:
    with pytest.raises(RequestError) as told:
        parse_filter(text)
    assert told.value.detail.startswith(f"`filter`, column {column}: ")
    assert says in told.value.detail
    assert told.value.detail.endswith(".")
    assert "secret" not in told.value.detail


def test_a_filter_is_capped_in_depth_comparisons_and_listed_values() -> None:
    parse_filter("not " * (DEEPEST - 1) + "a isnull")
    parse_filter(" or ".join(["a isnull"] * MOST_COMPARISONS))
    parse_filter(f"a in ({','.join(['1'] * MOST_LISTED)})")
    for text, column in (
        ("not " * DEEPEST + "a isnull", 4 * DEEPEST + 1),
        ("not " * 2_000 + "a isnull", 8_001),
        (" or ".join(["a isnull"] * (MOST_COMPARISONS + 1)), 12 * MOST_COMPARISONS + 1),
        (f"a in ({','.join(['1'] * (MOST_LISTED + 1))})", 1),
    ):
        with pytest.raises(RequestError, match=rf"column {column}: .*at most"):
            parse_filter(text)


def test_parentheses_cost_no_depth_of_calls() -> None:
    deep = 2 * sys.getrecursionlimit()
    assert parse_filter("(" * deep + "a isnull" + ")" * deep) == A


VALUES = st.builds(Written, st.just("text"), st.text(max_size=6)) | st.builds(
    Written, st.just("number"), st.integers().map(str).filter(lambda text: len(text) < 30)
)
COMPARISONS = st.builds(
    lambda operator, value: compared("a.b", operator, value), st.sampled_from(["eq", "ne", "lt", "contains", "in"]), VALUES
)
FILTERS: st.SearchStrategy[Filter] = st.recursive(
    COMPARISONS | st.just(A),
    lambda inner: inner.map(Not) | st.lists(inner, min_size=2, max_size=3).map(lambda parts: Joined("and", tuple(parts))),
    max_leaves=5,
)


@given(FILTERS)
def test_what_is_spelled_is_read_back(asked: Filter) -> None:
    assert parse_filter(spelled(asked)) == _flat(asked)


def _flat(asked: Filter) -> Filter:
    """Parts that are joined by the same word are parts of one."""
    match asked:
        case Not(part):
            return Not(_flat(part))
        case Joined(word, parts):
            flat = [_flat(part) for part in parts]
            return Joined(word, tuple(inner for part in flat for inner in (part.parts if isinstance(part, Joined) else (part,))))
        case _:
            return asked


@given(st.text(max_size=40) | st.text(alphabet="ab().,' '15-eqinotrsul", max_size=40))
def test_any_text_is_a_filter_or_a_told_mistake(text: str) -> None:
    try:
        parse_filter(text)
    except RequestError as told:
        column = int(told.detail.removeprefix("`filter`, column ").partition(":")[0])
        assert 1 <= column <= len(text) + 1


def test_many_threads_read_at_once() -> None:
    texts = [f"a eq {number} and not (b in ({number}, 'x') or c isnull)" for number in range(200)]
    alone = [parse_filter(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(parse_filter, texts)) == alone
