"""What happens to an element on its way out; the vocabulary shared by agreement, policy, plan and redaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never, cast, get_args

Generalisation = Literal["year", "month", "age_band", "zip3", "band", "round", "top_code", "bottom_code", "roll_up", "grade_band"]
Mask = Literal["last_four", "initial"]


@dataclass(frozen=True)
class Share:
    """The value as it is."""


@dataclass(frozen=True)
class Pseudonymise:
    """32 hexadecimal characters, stable inside one agreement, unlinkable across agreements."""


@dataclass(frozen=True)
class ReturnOwnId:
    """What the recipient itself calls the record, from the roster that it submitted, in place of the provider's identifier."""


@dataclass(frozen=True)
class Generalise:
    """A coarser value, as `policies/agreements/README.md` lists them: `year` turns a date into its year (an integer).

    `by` is the width of `age_band` (years) and `band`, the multiple of `round`, the bound of `top_code` and `bottom_code`, the
    name of the code list of `roll_up`; None for the others.
    """

    to: Generalisation
    by: int | float | str | None = None


@dataclass(frozen=True)
class MaskText:
    """`last_four` keeps the last four characters behind `***`, `initial` the first letter before a full stop."""

    keep: Mask


@dataclass(frozen=True)
class RedactText:
    """Free text with names and whatever else tells who somebody is taken out; nothing where that is not certain."""


@dataclass(frozen=True)
class AggregateOnly:
    """Never at record level; may be counted in published tables."""


@dataclass(frozen=True)
class Withhold:
    """Not in the permitted view at all."""


Treatment = Share | Pseudonymise | ReturnOwnId | Generalise | MaskText | RedactText | AggregateOnly | Withhold


def spoken(treatment: Treatment) -> str:
    """One word or phrase for people and for audit leaves: `generalise:year`."""
    match treatment:
        case Share():
            return "share"
        case Pseudonymise():
            return "pseudonymise"
        case ReturnOwnId():
            return "return_own_id"
        case Generalise(to, by):
            return f"generalise:{to}" if by is None else f"generalise:{to}:{by}"
        case MaskText(keep):
            return f"mask:{keep}"
        case RedactText():
            return "redact_text"
        case AggregateOnly():
            return "aggregate_only"
        case Withhold():
            return "withhold"
        case _:
            assert_never(treatment)


def heard(text: str) -> Treatment:
    """The treatment that `spoken` said so. Raises `ValueError` for any other text."""
    word, _, rest = text.partition(":")
    to, _, by = rest.partition(":")
    plain: dict[str, Treatment] = {
        "share": Share(),
        "pseudonymise": Pseudonymise(),
        "return_own_id": ReturnOwnId(),
        "redact_text": RedactText(),
        "aggregate_only": AggregateOnly(),
        "withhold": Withhold(),
    }
    found: Treatment | None = plain.get(text)
    if word == "mask" and rest in get_args(Mask):
        found = MaskText(cast(Mask, rest))
    if word == "generalise" and to in get_args(Generalisation):
        found = Generalise(cast(Generalisation, to), _number_or_name(by, to) if by else None)
    if found is None or spoken(found) != text:
        raise ValueError("no treatment is spoken so")
    return found


def _number_or_name(by: str, to: str) -> int | float | str:
    if to == "roll_up":
        return by
    return int(by) if by.lstrip("-").isdigit() else float(by)
