"""A column of free text, redacted; where it is not certain that a text is clean, nothing stands in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from gateway.domain.identifiers import ElementPath
from gateway.redact.text.known import KnownPeople
from gateway.redact.text.replace import redact_text
from gateway.words import Words

Place = tuple[int, ...]
"""Where a sealed value stands: record, version and, in a collection, ordinal."""
TextRedactor = Callable[[ElementPath, Sequence[object], Iterable[Place]], Sequence[str | None]]
"""(element, its texts, the place of each) -> the texts that may be seen."""


def withhold_text(path: ElementPath, texts: Sequence[object], places: Iterable[Place]) -> Sequence[str | None]:
    """What is seen of texts where nobody said who is known: nothing."""
    return [None] * len(texts)


Cleared = Callable[[ElementPath, Place, str, str], bool]
"""(element, place, text, redacted text) -> whether somebody who may decided that exactly this may be seen."""


def nothing_cleared(path: ElementPath, place: Place, text: str, redacted: str) -> bool:
    return False


def text_redactor(known: KnownPeople | None, words: Words, cleared: Cleared = nothing_cleared) -> TextRedactor:
    """Redacts by who is known; where that is not known, no text is seen."""
    if known is None:
        return withhold_text

    def redacted(path: ElementPath, texts: Sequence[object], places: Iterable[Place]) -> Sequence[str | None]:
        return [None if text is None else seen(path, str(text), place) for text, place in zip(texts, places, strict=True)]

    def seen(path: ElementPath, text: str, place: Place) -> str | None:
        found = redact_text(text, known, words)
        return found.text if found.certain or cleared(path, place, text, found.text) else None

    return redacted
