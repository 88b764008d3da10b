"""Which format a client takes: the header `Accept` (RFC 9110, 12.5.1) against those that the gateway can write."""

from __future__ import annotations

from collections.abc import Collection

from gateway.domain.access import Format
from gateway.encode import MEDIA_TYPES
from gateway.errors import NotAcceptable

LONGEST = 1_000


def accepted(header: str | None, offered: Collection[Format]) -> Format:
    """The offered format that the client likes best, the first of them where it has no wish.

    Raises `NotAcceptable` for what there is not.
    """
    if header is None or not header.strip():
        return next(iter(offered))
    if len(header) > LONGEST:
        raise NotAcceptable(f"`Accept` is longer than {LONGEST} characters.")
    liked: dict[Format, float] = {}
    for part in header.split(","):
        name, _, parameters = part.strip().lower().partition(";")
        weight = _weight(parameters)
        for form in offered:
            media_type = MEDIA_TYPES[form]
            if name.strip() in {media_type, f"{media_type.partition('/')[0]}/*", "*/*"} and weight > 0:
                # A type that is named says more than a range that it falls into.
                liked[form] = max(liked.get(form, 0.0), weight + (name.strip() == media_type) / 1_000)
    if not liked:
        raise NotAcceptable(f"This comes as {', '.join(MEDIA_TYPES[form] for form in offered)}. Name one of them in `Accept`.")
    return max(liked, key=lambda form: liked[form])


def _weight(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, text = parameter.strip().partition("=")
        if name == "q":
            try:
                return min(max(float(text), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
