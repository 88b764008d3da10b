"""Two worlds: databases that differ only in what the partner may not see must give it byte-identical answers.

`scramble` changes everything hidden in the second world: withheld elements, the hidden halves of masks and years, members of
hidden lists, rows out of scope, superseded and staged versions, other providers' rows. `pairs` then asks both worlds the same
random questions of `two_worlds_questions`, also about hidden elements and with values that only the hidden side has, while both
go on living: their sources are pulled again and again, with what is seen changed alike and what is hidden changed apart.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
from sqlalchemy import Table, delete, insert, select, update

from gateway.domain.identifiers import InstitutionId, PersonId, ResourceName
from gateway.keys.seal import Sealer
from gateway.store.engine import Connection
from gateway.store.schema import opt_out
from tests.campaigns.two_worlds_extracts import LivingExtracts
from tests.campaigns.two_worlds_questions import Known, Question, marks, random_question
from tests.copies import copy_everything, opened
from tests.world import NEW_IN_EACH_ANSWER, World, open_world

FOLDER = Path(__file__).resolve().parent
LAKESIDE = InstitutionId("lakeside")
CANDIDATES, PLACEMENTS = ResourceName("candidates"), ResourceName("fieldworkExperiences")
LAST_SCHOOL_IN_SCOPE = 600_120
OPTED_OUT = 5
PULLED_EVERY = 150
"""Pairs."""
HIDDEN_CITY = "Vanished"


@dataclass(frozen=True)
class Difference:
    """What the partner could tell the worlds apart by."""

    question: Question
    left: str
    right: str


@contextmanager
def two_worlds(folder: Path, left_url: str, right_url: str) -> Iterator[tuple[World, World]]:
    """Both worlds, opened; `right_url` is a migrated database that was never used."""
    with open_world(folder / "left", left_url) as left:
        left.agree(FOLDER / "two_worlds.yaml")
        left.agree(FOLDER / "two_worlds_other.yaml")
        left.operate("riverton")
        left.client("riverton-sis", "riverton", ("placement", "early_hire"))
        left.load()
        _opt_out(left, range(1, OPTED_OUT + 1))
        (folder / "right").mkdir()
        shutil.copytree(folder / "left" / "keys", folder / "right" / "keys")
        with opened(right_url) as target:
            copy_everything(left.gateway.database, target)
        with open_world(folder / "right", right_url) as right:
            right.keys |= left.keys
            scramble(right, random.Random(11))
            yield left, right


def pairs(left: World, right: World, seed: int, count: int) -> Iterator[Difference]:
    """Ask both worlds `count` random questions; yields where the answers differ."""
    chance = random.Random(seed)
    tokens = left.token("riverton-sis"), right.token("riverton-sis")
    known = Known(hidden=_hidden_values(left) + _hidden_values(right))
    extracts = LivingExtracts(left, right, chance)
    for number in range(count):
        if number % 500 == 499:  # tokens end after ten minutes of the worlds' clock, which stands still; a new one is as good
            tokens = left.token("riverton-sis"), right.token("riverton-sis")
        if number % PULLED_EVERY == PULLED_EVERY - 1:
            extracts.pull_again()
        question = random_question(chance, known)
        answers = _answer(question, left, tokens[0], 0), _answer(question, right, tokens[1], 1)
        told = [_told(question, answer) for answer in answers]
        if told[0] != told[1]:
            yield Difference(question, told[0], told[1])
        known.learn(question, answers)


def _answer(question: Question, world: World, token: str, which: int) -> httpx.Response:
    return world.api.get_as(question.path, token, question.headers, question.method, **question.asked_of(which))


def _told(question: Question, answer: httpx.Response) -> str:
    """Everything that the partner hears, without the parts that are new in every answer; of a cursor that belongs to such a part,
    its length."""
    body = answer.content.replace(answer.headers.get("gateway-request", "-").encode(), b"REQUEST")
    headers = {name: text for name, text in answer.headers.items() if name not in NEW_IN_EACH_ANSWER}
    if question.own or question.route == "/changes":
        headers |= {"etag": "ETAG"} if "etag" in headers else {}
        for name, mark in marks(answer).items():
            length = f"{len(mark)} characters"
            body = body.replace(mark.encode(), length.encode())
            headers |= {f"gateway-{name}": length} if f"gateway-{name}" in headers else {}
    return f"{answer.status_code}\n{sorted(headers.items())}\n{body!r}"


def _hidden_values(world: World) -> list[str]:
    rows = world.gateway.tables[CANDIDATES].rows
    placements = world.gateway.tables[PLACEMENTS].rows
    with world.gateway.database.read() as connection:
        values = [*connection.execute(select(rows.c.birth_date, rows.c.sex_descriptor).limit(40))]
        values += [*connection.execute(select(placements.c.hours_completed, placements.c.end_date).limit(40))]
    return [HIDDEN_CITY, *(str(value) for row in values for value in row if value is not None)]


def _opt_out(world: World, persons: Sequence[int]) -> None:
    with world.gateway.database.write() as connection:
        connection.execute(
            insert(opt_out),
            [
                {"provider_id": LAKESIDE, "person_id": PersonId(person), "from_version": 1, "to_version": None, "at": "2026-11-01"}
                for person in persons
            ],
        )


# --- scramble ---------------------------------------------------------------------------------------------------------


def scramble(world: World, chance: random.Random) -> None:
    """Change everything that the partner's permitted view does not hold."""
    with world.gateway.database.write() as connection:
        _scramble_candidates(world, connection, chance)
        _scramble_placements(world, connection, chance)


def _scramble_candidates(world: World, connection: Connection, chance: random.Random) -> None:
    tables = world.gateway.tables[CANDIDATES]

    def hide(row: dict[str, Any], sealed: dict[str, Any]) -> None:
        row["birth_date"] = date(1970, 1, 1) + timedelta(days=chance.randrange(14_000)) if chance.random() < 0.9 else None
        row["sex_descriptor"] = chance.choice(("a", "b", None))
        row["hispanic_latino_ethnicity"] = chance.choice((True, False, None))
        row["economic_disadvantage_descriptor"] = chance.choice(("c", "d", None))
        sealed["candidateIdentifier"] = f"other-{chance.random()}"
        if "middleName" in sealed:
            sealed["middleName"] = sealed["middleName"][0] + chance.choice(("x", "yy", "zzz"))

    _rewrite(world, connection, tables.rows, hide)
    # A hidden version of each row: superseded before this head, or staged for the next.
    for version, end in ((0, 1), (2, None)):
        _add_versions(world, connection, tables.rows, version, end)

    def hide_phone(row: dict[str, Any], sealed: dict[str, Any]) -> None:
        row["telephone_number_type_descriptor"] = chance.choice(("home", "work", None))
        sealed["telephones.telephoneNumber"] = f"{chance.randrange(10**6)}{sealed['telephones.telephoneNumber'][-4:]}"

    phones = tables.members["telephones"]
    _rewrite(world, connection, phones, hide_phone)
    _double_members(world, connection, phones, chance, hide_phone)

    def hide_address(row: dict[str, Any], sealed: dict[str, Any]) -> None:
        row["postal_code"] = str(chance.randrange(10_000, 99_999))
        sealed["addresses.streetNumberName"] = f"{chance.random()} Street"

    addresses = tables.members["addresses"]
    _rewrite(world, connection, addresses, hide_address)
    superseded = [dict(row._mapping) for row in connection.execute(select(addresses).where(addresses.c.from_version == 1))]
    connection.execute(insert(addresses), [row | {"from_version": 0, "city": HIDDEN_CITY, "sealed": None} for row in superseded])
    for name in ("races", "electronicMails", "disabilities"):
        hidden = tables.members[name]
        rows = [dict(row._mapping) for row in connection.execute(select(hidden))]
        connection.execute(delete(hidden))
        kept = [row for row in rows if chance.random() < 0.6]
        if kept:
            connection.execute(insert(hidden), kept)


def _scramble_placements(world: World, connection: Connection, chance: random.Random) -> None:
    rows = world.gateway.tables[PLACEMENTS].rows

    def hide(row: dict[str, Any], sealed: dict[str, Any]) -> None:
        row["hours_completed"] = chance.choice((None, 1.5, 99.0))
        row["educator_preparation_program_program_name"] = chance.choice(("Another program", None))
        row["begin_date"] = date(row["begin_date"].year, chance.randrange(1, 13), chance.randrange(1, 28))
        row["end_date"] = date(2027, 1, 1) + timedelta(days=chance.randrange(300))
        sealed["fieldworkIdentifier"] = f"other-{chance.random()}"
        sealed["studentReference.studentUniqueId"] = f"other-{chance.random()}"
        if row["school_school_id"] > LAST_SCHOOL_IN_SCOPE:
            row["school_school_id"] = LAST_SCHOOL_IN_SCOPE + chance.randrange(1, 50)
            row["fieldwork_type_descriptor"] = "hidden"

    _rewrite(world, connection, rows, hide)
    found = [dict(row._mapping) for row in connection.execute(select(rows).limit(20))]
    out_of_scope = [
        row
        | {"record_id": chance.getrandbits(63), "school_school_id": chance.choice((None, LAST_SCHOOL_IN_SCOPE + 1)), "sealed": None}
        for row in found * 20
    ]
    # Before every record that is seen, wherever chance put the first of them: a page before it must not be told of.
    in_front = [row | {"record_id": chance.getrandbits(40)} for row in out_of_scope[: len(found)]]
    ended = [row | {"record_id": chance.getrandbits(63), "end_date": None, "sealed": None} for row in found]
    elsewhere = [row | {"provider_id": "elsewhere", "sealed": None} for row in found]
    connection.execute(insert(rows), [*out_of_scope, *in_front, *ended, *elsewhere])


def _rewrite(world: World, connection: Connection, table: Table, hide: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
    """Apply `hide` to every row's columns and sealed values."""
    sealer = Sealer(world.gateway.ring.provider(LAKESIDE).data, table.name)
    keys = [column.name for column in table.primary_key]
    for row in [dict(found._mapping) for found in connection.execute(select(table).where(table.c.provider_id == LAKESIDE))]:
        at = place(row)
        blob = row.get("sealed")
        sealed = orjson.loads(sealer.unseal(bytes(blob), at)) if blob else {}
        before = dict(sealed)
        hide(row, sealed)
        if sealed != before:
            row["sealed"] = sealer.seal(orjson.dumps(sealed), at)
        connection.execute(update(table).where(*(table.c[key] == row[key] for key in keys)).values(**row))


def _add_versions(world: World, connection: Connection, table: Table, version: int, end: int | None) -> None:
    rows = [dict(row._mapping) for row in connection.execute(select(table).where(table.c.from_version == 1))]
    connection.execute(insert(table), [row | {"from_version": version, "to_version": end, "sealed": None} for row in rows])


def _double_members(
    world: World,
    connection: Connection,
    table: Table,
    chance: random.Random,
    hide: Callable[[dict[str, Any], dict[str, Any]], None],
) -> None:
    """Members that look the same once they are treated: their number must not show."""
    sealer = Sealer(world.gateway.ring.provider(LAKESIDE).data, table.name)
    doubled = []
    for row in [dict(found._mapping) for found in connection.execute(select(table))]:
        if chance.random() < 0.5:
            sealed = orjson.loads(sealer.unseal(bytes(row["sealed"]), place(row)))
            row["ordinal"] += 1000
            hide(row, sealed)
            doubled.append(row | {"sealed": sealer.seal(orjson.dumps(sealed), place(row))})
    connection.execute(insert(table), doubled)


def place(row: Mapping[str, Any]) -> str:
    """Where a row's sealed values stand."""
    where = f"{row['provider_id']}|{row['record_id']}|{row['from_version']}"
    return f"{where}|{row['ordinal']}" if "ordinal" in row else where
