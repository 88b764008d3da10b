"""Who may be whom: records that are asked about without a number, beside the provider's people of the same name and birth date.

Likely is not certain, so each pair waits for the provider's steward, who sees only what the schedule towards the provider shares.
Made anew each time; nothing of it is stored.
"""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from gateway.domain.access import AccessRequest, Principal
from gateway.domain.auditing import AuditEvent
from gateway.domain.identifiers import RecordId, ResourceName
from gateway.domain.rows import Body
from gateway.errors import RequestError
from gateway.finder.asked import NAMES, Asked, AskedAbout, read_asked, told_to_provider
from gateway.finder.fill import number_of
from gateway.gate import Gate
from gateway.read_roster import JSON
from gateway.resolution.desk import DEED, ResolutionDesk
from gateway.resolution.likely import MOST_ALIKE, Somebody, everybody, same_name_and_birth
from gateway.steward import Steward, assert_steward
from gateway.store.engine import Connection
from gateway.store.people import judged_pairs
from gateway.store.person_links import PersonLink, linked_people
from gateway.submit_roster import Admitted, RosterDesk, admit_roster


@dataclass(frozen=True)
class Question:
    """Whose finder file is looked at: who asks, on the operator's word, and for the rows that its roster chooses."""

    asking: Principal
    request: AccessRequest


@dataclass(frozen=True)
class Desks:
    """What looking needs from outside."""

    gate: Gate
    rosters: RosterDesk
    people: ResolutionDesk


@dataclass(frozen=True, repr=False)
class AlikePair:
    """A record that is asked about and one of the provider's people. `id` is what people call the pair, `digest` what a judgement
    is stored by, `linked` whether the steward said that it is one person."""

    id: str
    digest: bytes
    asked: Asked
    name: str
    born: str
    somebody: Somebody
    link: PersonLink
    linked: bool


def alike_pairs(question: Question, reviewer: Steward, desks: Desks) -> list[AlikePair]:
    """Every pair that waits or is linked, by its id. What the steward sees of the other institution's people is a disclosure and
    has its entry first.

    Raises `RequestError` for who is no steward of the provider, and where the schedule does not share names and birth dates.
    """
    with desks.gate.database.read() as connection:
        pairs, about = found_pairs(question, reviewer, connection, desks)
    shown = [{str(path): pair.asked.shared[path] for path in NAMES} for pair in pairs]
    # Whom the search went over is in the register as well: who is not in the list is known not to be alike.
    body = Body(orjson.dumps(shown, default=str), JSON)
    desks.gate.log.append_all([told_to_provider(about, body, "look", len(about.asked), desks.gate), _looked(len(pairs), reviewer)])
    return pairs


def found_pairs(question: Question, reviewer: Steward, connection: Connection, desks: Desks) -> tuple[list[AlikePair], AskedAbout]:
    """The pairs in the caller's snapshot, and whom they were searched among."""
    assert_steward(connection, reviewer, DEED)
    asking = question.asking
    admitted = admit_roster(asking, question.request, connection, desks.rosters)
    if admitted.permit.provider != reviewer.provider:
        raise RequestError(
            f"{reviewer.named} is a steward of {reviewer.provider}, and the records are {admitted.permit.provider}'s."
        )
    about = read_asked(admitted, asking, NAMES, connection, desks.gate)
    missing = [path for path in NAMES if all(element.path != path for element in about.plan.selected)]
    if missing:
        raise RequestError(
            f"Schedule {about.standing.permit.schedule} does not share {', '.join(missing)} with {reviewer.provider}, so its "
            "steward cannot look for people; those with a number are found without."
        )
    unnumbered = [one for one in about.asked if number_of(one, about) is None]
    return _pairs(unnumbered, about, admitted, reviewer, connection, desks), about


def _pairs(
    asked: Sequence[Asked], about: AskedAbout, admitted: Admitted, reviewer: Steward, connection: Connection, desks: Desks
) -> list[AlikePair]:
    secret = desks.people.ring.provider(reviewer.provider).source.secret
    judged = judged_pairs(connection, reviewer.provider)
    space = admitted.resource.key_space
    linked = linked_people(connection, reviewer.provider, space, about.institution, about.resource.key_space)
    nameable = [somebody for somebody in everybody(connection, reviewer, desks.people) if space in somebody.names]
    marked, named = _by_mark(nameable, space), {somebody.names[space]: somebody for somebody in nameable}
    found: list[AlikePair] = []
    for one in asked:
        first, last, born = ("" if one.shared[path] is None else str(one.shared[path]) for path in NAMES)
        name = " ".join(text for text in (first, last) if text)
        likely = marked.get(same_name_and_birth(name, born) or "", {})
        people = dict(likely) if len(likely) <= MOST_ALIKE else {}
        linked_to, _ = linked.get(one.record, (None, None))
        if linked_to is not None and linked_to in named:
            # Also where the names moved apart since: what was said can be taken back.
            people.setdefault(linked_to, named[linked_to])
        for surrogate, somebody in people.items():
            digest = hmac.digest(secret, f"across|{about.institution}|{one.record}|{surrogate}".encode(), "sha256")
            link = PersonLink(reviewer.provider, space, surrogate, about.institution, about.resource.key_space, one.record)
            if digest not in judged:
                found.append(AlikePair(digest.hex()[:12], digest, one, name, born, somebody, link, linked_to == surrogate))
    return sorted(found, key=lambda pair: pair.id)


def _by_mark(people: Iterable[Somebody], space: ResourceName) -> Mapping[str, Mapping[RecordId, Somebody]]:
    """The provider's people whom a roster can name, by name and birth date, each once."""
    found: defaultdict[str, dict[RecordId, Somebody]] = defaultdict(dict)
    for somebody in people:
        mark = same_name_and_birth(somebody.name, somebody.born)
        if mark:
            found[mark].setdefault(somebody.names[space], somebody)
    return found


def _looked(pairs: int, reviewer: Steward) -> AuditEvent:
    leaf: dict[str, object] = {
        "provider": reviewer.provider,
        "operation": "look_across",
        "pairs": str(pairs),
        "steward": reviewer.named,
        "actor": reviewer.actor,
    }
    return AuditEvent(kind="person_review", leaf=leaf, institutions=(reviewer.provider,))
