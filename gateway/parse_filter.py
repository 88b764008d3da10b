"""Parse (pure): the text of `filter=` to the frozen filter that it says, or what to write instead and where.

    filter:     comparison | not filter | filter and filter | filter or filter | ( filter )
    comparison: path (eq | ne | lt | le | gt | ge | contains | startswith) value | path in (value, value) | path isnull
    value:      'text' | 12.5 | true | 2026-08-24 | null

`not` binds closest, then `and`, then `or`. A quote inside a text is doubled. `eq null` is `isnull`, `ne null` is `not path isnull`.
"""

from __future__ import annotations

from typing import Literal, cast

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken, v_args

from gateway.domain.filtering import Comparison, Filter, Joined, Not, Operator, Written, comparisons, depth, filter_error
from gateway.domain.identifiers import ElementPath
from gateway.errors import RequestError

DEEPEST = 8
MOST_COMPARISONS = 40
MOST_LISTED = 100

_GRAMMAR = r"""
    ?filter: conjunction | conjunction (_OR conjunction)+ -> any_of
    ?conjunction: term | term (_AND term)+ -> all_of
    ?term: "(" filter ")"
         | _NOT term -> negated
         | PATH COMPARES value -> compared
         | PATH _IN "(" value ("," value)* ")" -> listed
         | PATH _ISNULL -> missing
    value: TEXT -> text
         | NUMBER -> number
         | BOOLEAN -> boolean
         | DATE -> day
         | NULL -> nothing

    _AND.2: /and(?![A-Za-z0-9.])/
    _OR.2: /or(?![A-Za-z0-9.])/
    _NOT.2: /not(?![A-Za-z0-9.])/
    _IN.2: /in(?![A-Za-z0-9.])/
    _ISNULL.2: /isnull(?![A-Za-z0-9.])/
    COMPARES.2: /(eq|ne|lt|le|gt|ge|contains|startswith)(?![A-Za-z0-9.])/
    BOOLEAN.2: /(true|false)(?![A-Za-z0-9.])/
    NULL.2: /null(?![A-Za-z0-9.])/
    PATH: /[A-Za-z][A-Za-z0-9]{0,79}(\.[A-Za-z][A-Za-z0-9]{0,79}){0,3}(?![A-Za-z0-9.])/
    TEXT: /'(?:[^']|'')*'/
    DATE.2: /[0-9]{4}-[0-9]{2}-[0-9]{2}(?![A-Za-z0-9.:-])/
    NUMBER: /-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,4})?(?![A-Za-z0-9.:-])/
    %ignore / +/
"""
_GO_ON = "write `and`, `or`, `)` or nothing more here."
_EXPECTED = (
    ("PATH", "write an element's path, `not` or `(` here."),
    ("COMPARES", "write how to compare here: eq ne lt le gt ge in contains startswith isnull."),
    ("TEXT", "write a value here: 'text', 12.5, true, 2026-08-24 or null."),
    ("LPAR", "write the values of `in` in parentheses, as in `path in ('a', 'b')`."),
    ("_AND", _GO_ON),
    ("COMMA", "write `,` and another value, or `)` here."),
)
"""By a token that could stand in a place, what to say of it; the first that fits."""
_SLIPS = {
    "'": "this text has no end; it ends with ', and a ' inside it is doubled.",
    '"': "write a text in single quotes.",
    **dict.fromkeys("=<>!&|", "write words instead of signs: eq ne lt le gt ge and or not."),
}
"""By the first character of what is no token."""
_NO_MISSING = "null goes with eq and ne only; write `isnull` for a missing value."


@v_args(inline=True)
class _Build(Transformer[Token, Filter]):
    """Makes the values while the text is read, so that a deep text is never a deep call. Keeps nothing: requests share it."""

    def compared(self, path: Token, operator: Token, value: Written | None) -> Filter:
        if value is not None:
            return _comparison(path, operator, value)
        if operator not in {"eq", "ne"}:
            raise filter_error(_column(operator), _NO_MISSING)
        missing = _comparison(path, "isnull")
        return missing if operator == "eq" else _capped(Not(missing))

    def listed(self, path: Token, *values: Written | None) -> Filter:
        if len(values) > MOST_LISTED:
            raise filter_error(_column(path), f"`in` takes {MOST_LISTED} values at most; ask for the others in another request.")
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            raise filter_error(_column(path), _NO_MISSING)
        return _comparison(path, "in", *known)

    def missing(self, path: Token) -> Filter:
        return _comparison(path, "isnull")

    def negated(self, part: Filter) -> Filter:
        return _capped(Not(part))

    def all_of(self, *parts: Filter) -> Filter:
        return _capped(_joined("and", parts))

    def any_of(self, *parts: Filter) -> Filter:
        return _capped(_joined("or", parts))

    def text(self, token: Token) -> Written:
        return Written("text", token[1:-1].replace("''", "'"))

    def number(self, token: Token) -> Written:
        return Written("number", str(token))

    def boolean(self, token: Token) -> Written:
        return Written("boolean", str(token))

    def day(self, token: Token) -> Written:
        return Written("date", str(token))

    def nothing(self, _: Token) -> None:
        return None


_PARSER = Lark(_GRAMMAR, parser="lalr", start="filter", transformer=_Build())


def parse_filter(text: str) -> Filter:
    """Raises `RequestError` with the column, and never with a value, for what is no filter or is too large a one."""
    try:
        return cast(Filter, _PARSER.parse(text))
    except UnexpectedInput as why:
        raise _told(why, text) from None


def _comparison(path: Token, operator: str, *values: Written) -> Comparison:
    return Comparison(ElementPath(str(path)), cast(Operator, str(operator)), values, _column(path))


def _joined(word: Literal["and", "or"], parts: tuple[Filter, ...]) -> Joined:
    """Parts that are joined by the same word count as parts of this."""
    flat: list[Filter] = []
    for part in parts:
        flat += part.parts if isinstance(part, Joined) and part.word == word else [part]
    return Joined(word, tuple(flat))


def _capped(made: Filter) -> Filter:
    compared = list(comparisons(made))
    if depth(made) > DEEPEST:
        raise filter_error(
            compared[0].column, f"`not`, `and`, `or` stand inside one another {DEEPEST - 1} deep at most; write it flatter."
        )
    if len(compared) > MOST_COMPARISONS:
        raise filter_error(
            compared[MOST_COMPARISONS].column,
            f"a filter has {MOST_COMPARISONS} comparisons at most; `in` takes many values in one.",
        )
    return made


def _told(why: UnexpectedInput, text: str) -> RequestError:
    at = len(text) if why.pos_in_stream is None else why.pos_in_stream
    expected: set[str] = set()
    match why:
        case UnexpectedCharacters() if text[at] in _SLIPS:
            return filter_error(at + 1, _SLIPS[text[at]])
        case UnexpectedCharacters():
            expected = set(why.allowed)
        case UnexpectedToken():
            expected = set(why.accepts)
            at = len(text) if why.token.type == "$END" else at
    for name, told in _EXPECTED:
        if name in expected:
            return filter_error(at + 1, told)
    return filter_error(at + 1, _GO_ON)


def _column(token: Token) -> int:
    return 1 + (token.start_pos or 0)
