"""Redact free text: what tells who somebody is becomes a token of its kind, and a text that is not certain to be clean is withheld.

A token tells neither who was meant nor what found it. In the terms of `policies/agreements/README.md`, Free text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.domain.people import Told
from gateway.redact.text.fold import Folded, fold
from gateway.redact.text.known import PARTICLES, KnownPeople, known_in
from gateway.redact.text.names import TITLES, NameFinder, Verdict
from gateway.redact.text.patterns import Shape, patterned
from gateway.redact.text.split import Split, Word, split
from gateway.words import Words

Token = Shape | Literal["name"]
_FIRST: tuple[Token, ...] = ("e-mail", "link", "phone", "address", "date", "number", "name")
"""Where two overlap, the whole is called by what comes first here."""
_TOKENS: Mapping[Told, Token] = {
    "given": "name",
    "family": "name",
    "full": "name",
    "e-mail": "e-mail",
    "phone": "phone",
    "address": "address",
    "number": "number",
}
MOST_REDACTED = 1 / 3
"""A comment in which more than this share of what is left are tokens says little but who it is about."""
_SHORT_GAP = 3


@dataclass(frozen=True)
class Redacted:
    """`text` with tokens in place; `certain` where it may be shown without anybody's looking at it; `spans` are the parts of the
    source that the tokens stand for, in order: start, end and token."""

    text: str
    certain: bool
    spans: tuple[tuple[int, int, Token], ...]


@dataclass(frozen=True)
class _Span:
    start: int
    end: int
    token: Token


def redact_text(text: str, known: KnownPeople, words: Words) -> Redacted:
    """One text. It is pure, and takes a time that grows with the text's length."""
    folded = fold(text)
    found = split(folded)
    spans: list[_Span] = [_Span(start, end, shape) for start, end, shape in patterned(folded.text)]
    for first, behind, told in known_in(found.words, known):
        spans.append(_Span(found.words[first].start, found.words[behind - 1].end, _TOKENS[told]))
    spans = _joined(spans)
    taken = _words_in(found, spans)
    names = _words_in(found, [span for span in spans if span.token == "name"])
    certain = True
    for at, verdict in NameFinder(folded, found, known, words, taken, names).find().items():
        spans.append(_Span(found.words[at].start, found.words[at].end, "name"))
        certain = certain and verdict is Verdict.NAME
    spans = _grown(_joined(spans), folded, found)
    left = len(found.words) - len(_words_in(found, spans))
    if len(spans) > MOST_REDACTED * (len(spans) + left):
        certain = False
    of_source = tuple((*folded.of_source(span.start, span.end), span.token) for span in spans)
    return Redacted(_replaced(text, of_source), certain, of_source)


def _joined(spans: Sequence[_Span]) -> list[_Span]:
    """Without overlaps, in order."""
    joined: list[_Span] = []
    for span in sorted(spans, key=lambda one: (one.start, one.end)):
        last = joined[-1] if joined else None
        if last is not None and span.start < last.end:
            token = min(last.token, span.token, key=_FIRST.index)
            joined[-1] = _Span(last.start, max(last.end, span.end), token)
        else:
            joined.append(span)
    return joined


def _words_in(found: Split, spans: Sequence[_Span]) -> set[int]:
    """The places of the words that a span touches; both are in order."""
    places: set[int] = set()
    at = 0
    for span in spans:
        while at < len(found.words) and found.words[at].end <= span.start:
            at += 1
        while at < len(found.words) and found.words[at].start < span.end:
            places.add(at)
            at += 1
    return places


def _grown(spans: Sequence[_Span], folded: Folded, found: Split) -> list[_Span]:
    """Titles, initials and small parts go with the name beside them, and names that stand together are one: how many words a name
    has is not told."""
    grown = list(spans)
    taken = _words_in(found, spans)
    for at, word in reversed([*enumerate(found.words)]):
        if at in taken or not _goes_with_a_name(word, folded.text):
            continue
        after, before = at + 1 in taken, at - 1 in taken and word.written != "small"
        if (after and (word.text in TITLES or word.written != "small" or word.text in PARTICLES)) or (
            before and len(word.text) == 1
        ):
            grown.append(_Span(word.start, word.end, "name"))
            taken.add(at)
    return list(_together(_joined(grown), folded.text))


def _goes_with_a_name(word: Word, text: str) -> bool:
    """A title, a particle, or an initial; `I` is one where a full stop follows."""
    is_initial = len(word.text) == 1 and word.written == "capital" and (word.text != "i" or text[word.end : word.end + 1] == ".")
    return word.text in TITLES or word.text in PARTICLES or is_initial


def _together(spans: Sequence[_Span], text: str) -> Iterator[_Span]:
    open_: _Span | None = None
    for span in spans:
        if open_ is not None and open_.token == span.token == "name" and _is_one_name(text[open_.end : span.start]):
            open_ = _Span(open_.start, span.end, "name")
            continue
        if open_ is not None:
            yield open_
        open_ = span
    if open_ is not None:
        yield open_


def _is_one_name(gap: str) -> bool:
    return len(gap) <= _SHORT_GAP and not gap.strip(" .-,'&/")


def _replaced(source: str, spans: Sequence[tuple[int, int, Token]]) -> str:
    parts: list[str] = []
    at = 0
    for start, end, token in spans:
        parts += [source[at:start], f"[{token}]"]
        at = end
    parts.append(source[at:])
    return "".join(parts)
