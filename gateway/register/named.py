"""Which entries of the log name people of whom (pure): what is a disclosure of a person's record, or a request for it
(99.32(a)(1))."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.domain.identifiers import InstitutionId

WHOSE: Mapping[str, str] = {"disclosure": "provider", "roster": "recipient"}
"""Kinds of entry that name people, and the member of the leaf that says whose people they are. A roster names people whom its
sender asks about, by the numbers of the institution that is asked: there it is a request. What its sender told by it is a
disclosure of its own (gateway/finder). Reviews of texts and of likely pairs name nobody, and a refusal does not either: who was
refused got nobody's record. Changes and look-ups of consents are the institution's own."""
Leaf = Mapping[str, object]


def whose(leaf: Leaf) -> InstitutionId | None:
    """Whose people an entry names; None where it names none for the register."""
    member = WHOSE.get(str(leaf.get("kind")))
    return None if member is None else InstitutionId(str(leaf[member]))
