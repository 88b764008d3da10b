"""The audit event of a change of consents or opt-outs: what, by whom, how many; whom it is about is sealed beside it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Literal

import orjson
from pyroaring import BitMap

from gateway.domain.auditing import AuditEvent
from gateway.domain.identifiers import InstitutionId, PersonId
from gateway.domain.rights import RightsChange

RightsAction = Literal[
    "give_consent",
    "withdraw_consent",
    "opt_out",
    "rescind_opt_out",
    "import_consents",
    "import_opt_outs",
    "follow_person",
    "look_up",
    "count",
]


def change_event(action: RightsAction, change: RightsChange, more: Mapping[str, object]) -> AuditEvent:
    """The entry of a change: counts in the leaf, the people by what happened to them in the sealed detail."""
    counts = {
        "given": str(len(change.given)),
        "ended": str(len(change.ended)),
        "opted_out": str(len(change.opted_out)),
        "rescinded": str(len(change.rescinded)),
    }
    return rights_event(action, change.provider, change.persons(), {**counts, **more})


def rights_event(
    action: RightsAction, provider: InstitutionId, persons: Mapping[str, Sequence[PersonId]], more: Mapping[str, object]
) -> AuditEvent:
    """`more` are members of the leaf: who did it, and no word about a person. Only the provider's officers see the entry."""
    people = {name: base64.b64encode(BitMap(numbers).serialize()).decode() for name, numbers in persons.items()}
    return AuditEvent(
        kind="rights",
        leaf={"action": action, "provider": provider, **more},
        institutions=(provider,),
        detail=orjson.dumps({"version": 1, "persons": people}) if people else None,
        detail_owner=provider if people else None,
    )
