"""The record of disclosures of one person as a document that the person can be handed: plain words, nothing left out.

Entries that say the same but for their time stand together, with all their times: a recipient that asks every night would fill a
book.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from gateway.agreements.blocks import Block, Bullets, Grid, Heading, Paragraph
from gateway.agreements.prose import listed
from gateway.register.look import Looked
from gateway.register.told import Basis, Told

TITLE = "Record of disclosures"
LAW = (
    "Federal law (FERPA, 34 CFR 99.32) lets you see to whom personal information from your education records was disclosed, "
    "who asked for it, and what legitimate interest they had. This is that record, made by the Educator Data Gateway from its "
    "audit log."
)
NOBODY = "Nothing about this person was disclosed, and nobody asked for it by name."


def document(looked: Looked, provider: str, made_at: datetime) -> tuple[Block, ...]:
    """The whole record; `made_at` is when, in UTC."""
    return tuple(_blocks(looked, provider, made_at))


def _blocks(looked: Looked, provider: str, made_at: datetime) -> Iterator[Block]:
    groups = _alike(looked.told)
    yield Heading(1, TITLE)
    newest = looked.told[0] if looked.told else None
    keeper, moment = (newest.provider_name, made_at.astimezone(newest.at.tzinfo)) if newest else (provider, made_at)
    yield Paragraph(f"About: {looked.subject.called}. Kept by: {keeper}. Made on {_moment(moment)}.")
    yield Paragraph(LAW)
    if not looked.told and not looked.out_of_reach:
        yield Paragraph(NOBODY)
        return
    yield Heading(2, "In short")
    yield Bullets(tuple(_in_short(group) for group in groups))
    if looked.out_of_reach:
        yield Paragraph(
            f"{len(looked.out_of_reach)} more entries are in the archive of the audit log and are not shown here; ask the "
            "institution to restore them."
        )
    for number, group in enumerate(groups, start=1):
        yield from _group(number, group)
    yield Heading(2, "What the words mean")
    yield Paragraph(
        "Exempt: the law does not require that this disclosure is recorded (34 CFR 99.32(d)); it is shown all the same. Each time "
        "has the id of its entry in the audit log, which can be checked and cannot be changed unnoticed."
    )


def _in_short(group: Sequence[Told]) -> str:
    one, times = group[0], "once" if len(group) == 1 else f"{len(group)} times"
    did = "asked for" if one.kind == "request" else "received"
    exempt = "" if one.exempt is None else f" (exempt: {one.exempt.reason})"
    return (
        f"{one.recipient_name} {did} records ({one.resource_title.lower()}) for {_purpose(one)}, {times}, {_days(group)}{exempt}."
    )


def _group(number: int, group: Sequence[Told]) -> Iterator[Block]:
    one = group[0]
    yield Heading(2, f"{number}. {one.recipient_name}: {_what(one)}")
    yield Bullets(tuple(_facts(one)))
    yield Heading(3, "What was told of you" if one.kind == "disclosure" else "What you were named by")
    yield Grid(
        ("what it is", "how it was shown", "element"),
        tuple((shown.description, shown.how, shown.element) for shown in one.elements),
    )
    yield Heading(3, "When")
    yield Grid(("date and time", "what happened", "entry"), tuple((_moment(each.at), each.happened, each.entry) for each in group))


def _facts(one: Told) -> Iterator[str]:
    asked = one.kind == "request"
    contact = f" (contact: {one.recipient_contact})" if one.recipient_contact else ""
    yield f"{'Who asked' if asked else 'Who received it'}: {one.recipient_name}{contact}."
    yield f"Who looked: client {one.client}. The system named no person."
    yield f"What for: {_purpose(one)}."
    yield f"Their legitimate interest: {one.legitimate_interest or 'the agreement states none'}."
    yield (
        f"Under which agreement: {one.agreement_title} ({one.agreement}, version {one.agreement_version}), schedule "
        f"{one.schedule}, clause {one.resource}."
    )
    for basis in one.bases:
        yield f"Why the law allows it: {_ground(basis, one)}."
    if asked:
        yield "This was a request. What was disclosed on it, if anything was, is an entry of its own."
    elif one.exempt is None:
        yield "Must this be recorded: yes."
    else:
        yield f"Must this be recorded: no, as {one.exempt.reason} ({one.exempt.citation}). It is shown all the same."
    if not one.may_pass_on:
        yield "May they pass it on: no."
    else:
        parties = [f"{other.name} ({other.legitimate_interest})" for other in one.further]
        yield f"May they pass it on: to {listed(parties)}, and to nobody else."


def _ground(basis: Basis, one: Told) -> str:
    part = f" (you as the {basis.role})" if len(one.bases) > 1 else ""
    return f"{basis.in_words}{part}"


def _what(one: Told) -> str:
    return f"asked for records ({one.resource_title.lower()})" if one.kind == "request" else one.resource_title


def _purpose(one: Told) -> str:
    return one.purpose.replace("_", " ")


def _alike(told: Sequence[Told]) -> list[list[Told]]:
    """Entries that differ in time only, together; the newest first."""
    groups: dict[Told, list[Told]] = {}
    for one in told:
        without_time = replace(one, log_id=0, index=0, entry="", happened="", at=datetime.min)
        groups.setdefault(without_time, []).append(one)
    return list(groups.values())


def _days(group: Sequence[Told]) -> str:
    first, last = _day(group[-1].at), _day(group[0].at)
    return first if first == last else f"{first} to {last}"


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"


def _moment(moment: datetime) -> str:
    return f"{_day(moment)}, {moment:%H:%M} ({moment.tzinfo})"
