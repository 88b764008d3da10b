"""Fill a roster from the records of who asks: an exact, keyed match by a number that both institutions have, and the people whom
the provider's steward found for those who have none.

Everybody who may be asked about has a line, found or not, so that no count tells who was found.
"""

from __future__ import annotations

import csv
import hmac
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.catalog.model import Resource
from gateway.domain.access import AccessRequest, Principal, Scalar
from gateway.domain.identifiers import RecordId
from gateway.domain.rows import Body
from gateway.domain.treatments import Share
from gateway.errors import GatewayError
from gateway.finder.asked import NAMES, Asked, AskedAbout, read_asked, told_to_provider
from gateway.gate import Gate
from gateway.keys.natural import source_key
from gateway.read_roster import CSV, OWN_ID, NamedLine
from gateway.store.engine import Connection
from gateway.store.person_links import linked_people
from gateway.submit_roster import Admitted, RosterDesk, Submission, Submitted, admit_roster, admit_sender, put_roster, refuse


@dataclass(frozen=True)
class Filled:
    """A roster that was filled: `without_number` of those who are asked about have no number that the provider could know, and
    `doubled` share theirs with another record, which stands for both."""

    submitted: Submitted
    without_number: int
    doubled: int


def fill_roster(request: AccessRequest, who: str | Principal | None, gate: Gate, desk: RosterDesk) -> Filled:
    """Put a roster of everybody whom the schedule towards the provider lets the institution name in the place of the one before.
    `who` is a client's token, or a principal whom the operator vouches for.

    Raises what `submit_roster` raises, and `RequestError` where the schedule shares no whole number. What the provider is told is a
    disclosure of the institution's own records and has its entry in their register first.
    """
    principal = who if isinstance(who, Principal) else admit_sender(request, who, desk)
    request = replace(request, purpose=request.purpose or principal.default_purpose)
    try:
        with gate.database.read() as connection:
            admitted = admit_roster(principal, request, connection, desk)
            about = read_asked(admitted, principal, (), connection, gate)
            linked = _linked(about, admitted, connection)
        secret = desk.ring.provider(admitted.permit.provider).source.secret
        lines = _lines(about, linked, admitted.resource, secret)
        content = _content(about, admitted.resource)
        # The institution's own register says whom it named, before the provider's registry has their lines.
        gate.log.append(told_to_provider(about, Body(content, CSV), "roster", len(about.asked), gate))
        done = put_roster(lines, Submission(request, content, CSV), principal, admitted, desk)
    except GatewayError as why:
        refuse(why, principal, request, desk)
    without = sum(1 for one in about.asked if number_of(one, about) is None)
    return Filled(done, without, len(about.asked) - len(lines))


def number_of(one: Asked, about: AskedAbout) -> Sequence[Scalar] | None:
    """What names somebody to the provider; None where a part of it is missing."""
    values = [one.shared[path] for path in about.number]
    return [value for value in values if isinstance(value, Scalar)] if None not in values else None


def _linked(about: AskedAbout, admitted: Admitted, connection: Connection) -> Mapping[RecordId, tuple[RecordId, bytes]]:
    """Whom the steward found, where this schedule shares what people are found by: another that does not is no way around it."""
    if any(about.standing.permit.elements.get(path) != Share() for path in NAMES):
        return {}
    named = admitted.resource.key_space
    return linked_people(connection, admitted.permit.provider, named, about.institution, about.resource.key_space)


def _lines(about: AskedAbout, linked: Mapping[RecordId, tuple[RecordId, bytes]], named: Resource, secret: bytes) -> list[NamedLine]:
    lines: dict[bytes, NamedLine] = {}
    unnumbered: list[Asked] = []
    for one in sorted(about.asked, key=lambda one: one.own_id):
        number = number_of(one, about)
        if number is None:
            unnumbered.append(one)
        else:
            key = source_key(secret, named.key_space, number)
            lines.setdefault(key, NamedLine(key, one.own_id))
    for one in unnumbered:
        _, found = linked.get(one.record, (None, None))
        # A key that no record has: a line that finds nobody, as one of a number does that the provider does not know.
        nobody = hmac.digest(secret, f"nobody|{about.institution}|{about.resource.name}|{one.record}".encode(), "sha256")
        key = nobody if found is None or found in lines else found
        lines[key] = NamedLine(key, one.own_id)
    return list(lines.values())


def _content(about: AskedAbout, named: Resource) -> bytes:
    """The finder file in the form in which an institution would have sent it."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow([OWN_ID, *named.identity])
    for one in about.asked:
        rows.writerow([one.own_id, *("" if value is None else value for value in (one.shared[path] for path in about.number))])
    return text.getvalue().encode()
