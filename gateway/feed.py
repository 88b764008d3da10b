"""PEP: what changed in a permitted view since a consumer heard of it last; each event exactly once for one that keeps its place.

An event exists only where what the consumer may see differs between two views (decision 2): an edit of what is withheld is none,
and a record that was deleted, opted out or left the agreement's rows is withdrawn in one and the same way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from gateway.domain.access import AccessRequest
from gateway.domain.changes import Candidate, Change, Mark, View, Walk, mark_from_bytes, mark_to_bytes
from gateway.domain.identifiers import RecordId, ResourceName
from gateway.domain.query_plan import RECORD_COLUMN, QueryPlan
from gateway.domain.rows import Body
from gateway.domain.snapshots import Snapshot
from gateway.encode import encode_changes, records
from gateway.enter import SALT_BYTES, Content, Leaving, disclosed
from gateway.errors import IntegrityError, RequestError
from gateway.gate import Disclosure, Gate, Trail
from gateway.keys.cursors import LONGEST
from gateway.narrow import Keyed
from gateway.plan import compile_plan
from gateway.read import newest, read, read_changes
from gateway.redact import redact
from gateway.remember import Standing
from gateway.stand import on_the_log, stand
from gateway.store.engine import Connection

AT_ONCE = 1_001
"""Records that are compared in one go: one more than the longest page has, so that one go is enough where each of them changed."""
NOBODY = 0
"""The surrogate that no record has."""
NO_SUCH_PLACE = (
    "`since` takes the `next` of an answer to you about these changes, unchanged. To begin anew, leave it out and put what comes "
    "in place of what you have."
)
TOO_MANY_VALUES = "The agreement chooses its rows by more values than a place in a feed can hold. Read page by page instead."
NO_FREE_TEXT = (
    "Free text has no feed, as what is taken out of it depends on who is known that day: leave out {} with `select`, and read it "
    "page by page."
)
NO_RELEASE = "A de-identified release has no feed: two states of it, held side by side, tell of one person. Read it page by page."


@dataclass(frozen=True)
class _Heard:
    """The changes of one answer, where the consumer is after them, and whether there are more at once."""

    plan: QueryPlan
    changes: Sequence[Change]
    mark: Mark
    more: bool


@dataclass(frozen=True)
class _Reader:
    """Reads some records of a view as they are shown, in one snapshot."""

    standing: Standing
    connection: Connection
    gate: Gate
    keyed: Keyed

    def shown(self, plan: QueryPlan, only: Sequence[RecordId]) -> Mapping[RecordId, tuple[bytes, Mapping[str, int]]]:
        """Those that are in the view, each as JSON, with the persons it is about."""
        if not only:
            return {}
        rows = read(replace(plan, only=(RECORD_COLUMN, tuple(only)), limit=len(only)), self.connection, self.gate.tables)
        permit = self.standing.permit
        treated = redact(rows, plan, self.keyed.pseudonyms, self.gate.opener(permit), self.gate.own_ids(permit))
        texts = records(treated, plan, b"\n").split(b"\n")
        persons = ({role: numbers[at] for role, numbers in rows.persons.items()} for at in range(len(rows.records)))
        return {RecordId(record): shown for record, shown in zip(rows.records, zip(texts, persons, strict=False), strict=False)}


def feed(request: AccessRequest, token: str | None, gate: Gate) -> Disclosure:
    """Serve one request for changes. Raises a `GatewayError` for every refusal, after the refusal's own entry is durable."""
    trail = Trail(request)
    with on_the_log(trail, gate):
        with gate.database.read() as connection:
            standing = stand(token, connection, gate, trail)
            reader = _Reader(standing, connection, gate, gate.keyed(standing))
            heard = _heard(standing, trail.request, reader)
        body = _body(heard, trail.request, reader)
        salt = gate.random_bytes(SALT_BYTES)
        told = sum(change.kind != "withdrawn" for change in heard.changes)
        counts = {"withdrawn": len(heard.changes) - told}
        leaving = Leaving(heard.plan, "feed", told, _persons(heard.changes), Content.of(body, salt), counts)
        entry = gate.log.append(disclosed(leaving, standing, trail.request, gate, gate.clock()))
    return Disclosure(entry, body, salt, standing.permit.redisclosure_notice, "feed")


def _heard(standing: Standing, request: AccessRequest, reader: _Reader) -> _Heard:
    permit, gate = standing.permit, reader.gate
    if permit.release is not None:
        raise RequestError(NO_RELEASE)
    plan = compile_plan(request, permit, gate.catalog, reader.keyed, None, standing.day)
    if plan.redacted:
        raise RequestError(NO_FREE_TEXT.format(", ".join(plan.redacted)))
    known = None
    if request.since is not None:
        known = mark_from_bytes(gate.cursors.unseal(request.since, *_bound_to(reader), refused=NO_SUCH_PLACE)[SALT_BYTES:])
    if isinstance(known, Walk):
        walk = known
    else:
        snapshot = Snapshot.taken(gate.clock(), newest(plan, reader.connection))
        now = View.of(plan, snapshot, standing.facts.epoch)
        walk = Walk.between(known, now, plan)
    plan = replace(plan, pinned=walk.until.snapshot)
    changes = _next_changes(plan, walk, reader)
    more = len(changes) > plan.limit
    changes = changes[: plan.limit]
    return _Heard(plan, changes, replace(walk, after=changes[-1].record) if more else walk.until, more)


def _next_changes(plan: QueryPlan, walk: Walk, reader: _Reader) -> list[Change]:
    """One more than a page has, where there are so many: how many records were compared for them must not be told."""
    changes: list[Change] = []
    after = walk.after
    while len(changes) <= plan.limit:
        candidates = read_changes(plan, walk, after, AT_ONCE, reader.connection, reader.gate.tables)
        if not candidates:
            break
        changes += _changed(candidates, plan, walk, reader)
        after = candidates[-1].record
    return changes[: plan.limit + 1]


def _changed(candidates: Sequence[Candidate], plan: QueryPlan, walk: Walk, reader: _Reader) -> list[Change]:
    moved = [one for one in candidates if walk.revalued or one.before != one.after]
    now = reader.shown(plan, [one.record for one in moved if one.after is not None])
    known = [one.record for one in moved if one.before is not None and not (walk.anew and one.record in now)]
    then = {} if walk.since is None else reader.shown(walk.since.put_on(plan), known)
    changes: list[Change] = []
    for one in moved:
        shown = now.get(one.record)
        if shown is None:
            if one.record not in then:
                raise IntegrityError("A record left a view that it was not in.")
            changes.append(Change("withdrawn", one.record, None, then[one.record][1]))
        elif one.before is None:
            changes.append(Change("inserted", one.record, *shown))
        elif walk.anew or shown[0] != then[one.record][0]:
            changes.append(Change("updated", one.record, *shown))
    return changes


def _body(heard: _Heard, request: AccessRequest, reader: _Reader) -> Body:
    standing = reader.standing
    ids = reader.keyed.pseudonyms.of([change.record for change in heard.changes], _key_space(request.resource))
    return encode_changes(
        heard.changes,
        [str(id_) for id_ in ids],
        destroy_by=_destroy_by(standing),
        notice=standing.notice,
        following=_sealed(heard.mark, reader),
        more=heard.more,
        form=request.format,
    )


def _sealed(mark: Mark, reader: _Reader) -> str:
    """Another text each time, as one that stays would tell that nothing moved, of what is hidden too."""
    gate = reader.gate
    text = gate.cursors.seal(gate.random_bytes(SALT_BYTES) + mark_to_bytes(mark), *_bound_to(reader))
    if len(text) > LONGEST:
        raise RequestError(TOO_MANY_VALUES)
    return text


def _bound_to(reader: _Reader) -> tuple[bytes, ...]:
    """What a place in a feed is good for: this client, this agreement, these records, by the names that events have now."""
    permit = reader.standing.permit
    [names] = reader.keyed.pseudonyms.of([NOBODY], _key_space(permit.resource))
    of = (reader.standing.principal.client, "feed", permit.agreement, permit.provider, permit.resource, str(names))
    return tuple(part.encode() for part in of)


def _key_space(resource: ResourceName) -> str:
    return f"{resource}/changes"


def _destroy_by(standing: Standing) -> date | None:
    """As many days from now as the agreement gives at its end."""
    destruction = standing.entry["destruction"]
    if not isinstance(destruction, Mapping):
        return None
    return standing.day + timedelta(days=int(destruction["days_after_end"]))


def _persons(changes: Sequence[Change]) -> Mapping[str, list[int]]:
    persons: defaultdict[str, list[int]] = defaultdict(list)
    for change in changes:
        for role, number in change.persons.items():
            persons[role].append(number)
    return persons
