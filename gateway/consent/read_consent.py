"""Read what a form says, text by member, into consents: one for each purpose. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta

from gateway.domain.agreement import PURPOSES, SLUG
from gateway.domain.identifiers import InstitutionId
from gateway.domain.rights import METHODS, Consent, ConsentTerms

CONSENT_MEMBERS = ("form", "recipient", "purpose", "signed_on", "until", "method", "signer")
"""What a consent says; `purpose` may be several, separated by commas, semicolons or spaces."""
OPT_OUT_MEMBERS = ("opted_out",)
"""An opt-out may say yes or no; without it, being named is enough."""

LONGEST_SIGNER = 200
_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_APART = re.compile(r"[\s,;]+")
_YES, _NO = frozenset({"true", "yes", "y", "1"}), frozenset({"false", "no", "n", "0"})


class RightsFault(Exception):
    """A member that cannot be taken: its name, a code and a reason without the text."""

    def __init__(self, member: str, code: str, reason: str) -> None:
        super().__init__(code)
        self.member = member
        self.code = code
        self.reason = reason


def read_consents(said: Mapping[str, str], today: date) -> tuple[Consent, ...]:
    """`said` maps `CONSENT_MEMBERS` to text, days in ISO form. Raises `RightsFault` for the first member that is wrong.

    An electronic signature names its authenticated signer (34 CFR 99.30(d)); a signature of the future is none.
    """
    text = {member: said.get(member, "").strip() for member in CONSENT_MEMBERS}
    form = _matching(text, "form", _FORM.fullmatch(text["form"]) is not None, "letters, digits, dots and hyphens, at most 64")
    recipient = _matching(text, "recipient", re.match(SLUG, text["recipient"]) is not None, "an institution's id, as in riverton")
    signed_on = _day(text, "signed_on")
    # A zone ahead of UTC may be a day further.
    if signed_on > today + timedelta(days=1):
        raise RightsFault("signed_on", "signed_in_the_future", "is after today")
    until = _day(text, "until") if text["until"] else None
    if until is not None and until < signed_on:
        raise RightsFault("until", "ends_before_it_begins", "is before signed_on")
    method = next((known for known in METHODS if known == text["method"].lower()), None)
    if method is None:
        raise RightsFault("method", "unknown_method", f"is one of {', '.join(METHODS)}")
    last = None if until is None else until.isoformat()
    return tuple(
        Consent(ConsentTerms(form, InstitutionId(recipient), purpose), signed_on.isoformat(), last, method, _signer(text))
        for purpose in read_purposes(text["purpose"])
    )


def read_purposes(text: str) -> tuple[str, ...]:
    """The purposes in a text, once each. Raises `RightsFault`."""
    purposes = tuple(dict.fromkeys(part for part in _APART.split(text.strip()) if part))
    if not purposes or not set(purposes) <= set(PURPOSES):
        raise RightsFault("purpose", "unknown_purpose", f"is one or more of {', '.join(PURPOSES)}")
    return purposes


def read_opted_out(said: Mapping[str, str]) -> bool:
    """Whether a row says that its person opted out; being named is enough. Raises `RightsFault`."""
    if "opted_out" not in said:
        return True
    word = said["opted_out"].strip().lower()
    if word not in _YES | _NO:
        raise RightsFault("opted_out", "not_yes_or_no", "is yes or no")
    return word in _YES


def _signer(text: Mapping[str, str]) -> str | None:
    signer = text["signer"]
    if len(signer) > LONGEST_SIGNER or not signer.isprintable():
        raise RightsFault("signer", "signer_unreadable", f"is one line of at most {LONGEST_SIGNER} characters")
    if not signer and text["method"].lower() == "electronic":
        raise RightsFault("signer", "signer_missing", "names who was authenticated, because the signature is electronic (99.30(d))")
    return signer or None


def _matching(text: Mapping[str, str], member: str, fits: bool, shape: str) -> str:
    if not fits:
        raise RightsFault(member, f"not_a_{member}", f"is {shape}")
    return text[member]


def _day(text: Mapping[str, str], member: str) -> date:
    try:
        if _DAY.fullmatch(text[member]):
            return date.fromisoformat(text[member])
    except ValueError:
        pass  # the thirty-first of June is told like any other text that is no day
    raise RightsFault(member, "not_a_date", "is a day, as in 2026-07-01")
