"""Filters, orders, pages and counts are those of a plain reading of the treated rows, on every database and collation."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import MetaData, insert

from gateway.catalog.model import Catalog, Collection, Person, Reference, Resource
from gateway.domain.access import AccessRequest, Scalar
from gateway.domain.decision import LegalBasis, Permit, RowPredicate
from gateway.domain.filtering import Comparison, Filter, Joined, Not, SortBy, Written
from gateway.domain.identifiers import AgreementId, ElementPath, InstitutionId, ResourceName
from gateway.domain.narrowing import Position
from gateway.domain.rows import Rows
from gateway.domain.treatments import Generalise, Pseudonymise, Share, Treatment
from gateway.keys.blind_index import BlindIndex
from gateway.keys.pseudonym import Pseudonyms
from gateway.narrow import Keyed
from gateway.parse_filter import parse_filter
from gateway.plan import compile_plan
from gateway.read import read
from gateway.redact.by_value import treated_value
from gateway.store.engine import Database, open_database
from gateway.store.record_tables import RecordTables, build_record_tables
from gateway.store.schema import resource_head
from tests.asking import Row, kept, ordered, spelled
from tests.databases import empty_postgres
from tests.small_catalog import element

LAKESIDE = InstitutionId("lakeside")
RECORDS, PEOPLE = ResourceName("records"), ResourceName("people")
TODAY = date(2026, 11, 24)
PSEUDONYMS = Pseudonyms(bytes(32))
KEYED = Keyed(PSEUDONYMS, BlindIndex(bytes(32), RECORDS))
COUNT, HEAD, IN_SCOPE = 90, 2, 70
LISTS = {"stem": {"physics": "STEM", "chemistry": "STEM", "dance": "Arts"}}

OWN: Mapping[str, tuple[str, Treatment]] = {
    "recordIdentifier": ("string", Pseudonymise()),
    "personReference.personId": ("string", Pseudonymise()),
    "name": ("string", Share()),
    "nested.name": ("string", Share()),
    "subject": ("string", Generalise("roll_up", "stem")),
    "code": ("string", Generalise("zip3")),
    "begun": ("date", Share()),
    "born": ("date", Generalise("year")),
    "bornIn": ("date", Generalise("month")),
    "age": ("date", Generalise("age_band", 5)),
    "hours": ("number", Share()),
    "load": ("number", Generalise("round", 0.5)),
    "half": ("integer", Generalise("round", 2.5)),
    "cohort": ("integer", Share()),
    "points": ("integer", Generalise("top_code", 20)),
    "size": ("integer", Generalise("band", 10)),
    "active": ("boolean", Share()),
}
LISTED: Mapping[str, tuple[str, Treatment]] = {
    "addresses.city": ("string", Share()),
    "addresses.since": ("date", Generalise("year")),
}
TREATED: Mapping[str, tuple[str, Treatment]] = {**OWN, **LISTED}
HIDDEN = "rank"

LONG = "x" * 119
TEXTS = (
    "", "a", "A", "ab", "aB", "Ab", "b", "B", "z", "Z", "ä", "Ä", "a\u0308", "é", "%", "a%b", "_", "a_b", "\\", "'", "O'Brien",
    " a", "a ", "-a", "10", "9", "\U0001f393", "\uffee", "\u00df", "ss", LONG, LONG + "a", LONG + "b", LONG + "ba", "physics",
)  # fmt: skip
POOLS: Mapping[str, Sequence[Scalar]] = {
    "string": TEXTS,
    "date": ("0999-12-31", "1999-12-31", "2000-01-01", "2003-05-17", "2003-05-18", "2026-11-24", "2026-11-25", "9999-12-31"),
    "number": (-0.0, 0.0, 0.1, 0.30000000000000004, 1.0, 1.25, -1.25, 2.5, 19.9, 5e-324, 1e300, -1e300),
    "integer": (-(2**63), -1, 0, 1, 2, 3, 9, 10, 19, 20, 21, 2**53 + 1, 2**63 - 1),
    "boolean": (True, False),
}
SMALL: Mapping[str, Sequence[Scalar]] = {
    "code": ("60614", "60614-1234", "60700", "K1A 0B1", "606"),
    "subject": ("physics", "chemistry", "dance", "history"),
    "load": (-1.25, -0.2, 0.0, 0.25, 0.7, 1.2, 1.25, 20.0),
    "half": (-4, -1, 0, 1, 2, 3, 5, 1000),
    "size": (-11, -1, 0, 9, 10, 99, 100),
    "cohort": (-5, 0, 1, 2, 3, 60, IN_SCOPE, IN_SCOPE + 1, 99),
    "born": ("1999-12-31", "2000-01-01", "2003-05-17", "2003-05-18"),
    "bornIn": ("1999-12-31", "2000-01-01", "2003-05-17", "2003-05-18"),
    "age": ("1999-12-31", "2000-01-01", "2001-11-24", "2001-11-25", "2030-01-01"),
    "addresses.since": ("1999-12-31", "2000-01-01", "2003-05-17"),
    "addresses.city": ("a", "A", "ab", "ä", "%", ""),
}


def catalog() -> Catalog:
    own = [
        element(path, kind, stands_for="self" if path == "recordIdentifier" else "personReference" if "Ref" in path else None)  # type: ignore[arg-type]
        for path, (kind, _) in OWN.items()
    ]
    own = [replace(one, max_length=None, column=one.path.replace(".", "_").lower()) for one in (*own, element(HIDDEN, "integer"))]
    listed = [element(path, kind) for path, (kind, _) in LISTED.items()]  # type: ignore[arg-type]
    person = ElementPath("personReference.personId")
    records = Resource(
        name=RECORDS,
        table="records",
        key_space=RECORDS,
        edfi_path=None,
        title="",
        identity=(ElementPath("recordIdentifier"),),
        elements={one.path: one for one in own},
        references={"personReference": Reference("personReference", PEOPLE, (person,), "person_reference_id", outside=True)},
        persons={"candidate": Person("candidate", "self", ("candidate",), ("epp",))},
        collections={"addresses": Collection("addresses", "records_addresses", {one.path: one for one in listed})},
    )
    return Catalog({RECORDS: records}, {}, "0" * 64)


CATALOG = catalog()
PERMIT = Permit(
    agreement=AgreementId("a"),
    agreement_version=1,
    agreement_digest="d" * 64,
    schedule="s",
    provider=LAKESIDE,
    recipient=InstitutionId("riverton"),
    resource=RECORDS,
    purpose="p",
    elements={ElementPath(path): treatment for path, (_, treatment) in TREATED.items()},
    withheld=(ElementPath(HIDDEN),),
    rows=(RowPredicate(ElementPath("cohort"), "at_most", (IN_SCOPE,)),),
    bases={"candidate": LegalBasis("consent", "34 CFR 99.30")},
    excluded_opt_outs=(),
    redisclosure_notice=False,
    rules=(),
    bundle_digest="b" * 64,
    code_lists=LISTS,
)


@dataclass(frozen=True)
class Stored:
    """The same records in one database, and what a partner may see of them, in the order of their numbers."""

    database: Database
    tables: Mapping[ResourceName, RecordTables]
    rows: Sequence[Row]

    def page(self, request: AccessRequest, at: Position | None) -> Rows:
        plan = compile_plan(request, PERMIT, CATALOG, KEYED, at, TODAY)
        with self.database.read() as connection:
            return read(plan, connection, self.tables)


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "postgresql, ordered as a dictionary"])
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stored]:
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('asked') / 'records.db'}"
        else:
            cluster = request.getfixturevalue("postgres_server")
            url = stack.enter_context(empty_postgres(cluster, as_people_sort="dictionary" in request.param))
        database = open_database(url)
        stack.callback(database.close)
        yield store(database)


def store(database: Database) -> Stored:
    """Random records in the permitted version, others that are hidden in every way, and the reading of the permitted ones."""
    chance = random.Random(7)
    metadata = MetaData()
    tables = build_record_tables(CATALOG, metadata)
    own, members = tables[RECORDS].rows, tables[RECORDS].members["addresses"]
    head = resource_head.to_metadata(metadata)
    visible: dict[int, Row] = {}
    with database.write() as connection:
        metadata.create_all(connection)
        connection.execute(
            insert(head).values(provider_id=LAKESIDE, resource=RECORDS, version=HEAD, promoted_at="", stored_elements=[])
        )
        for number in range(COUNT):
            record = chance.getrandbits(63)
            for provider, start, end in ((LAKESIDE, 1, None), (LAKESIDE, 0, 1), (LAKESIDE, HEAD + 1, None), ("elsewhere", 1, None)):
                seen = provider == LAKESIDE and start == 1
                if not seen and chance.random() < 0.7:
                    continue
                place = {"provider_id": provider, "record_id": record, "from_version": start}
                raw = {path: _value(chance, path) for path in OWN if not isinstance(OWN[path][1], Pseudonymise)}
                reference = chance.choice((None, 11, 12, 2**63 - 1))
                rest = {"source_id": "s", "source_key": bytes(32), "maintainer": "epp", "content": bytes(32)}
                person = {"person_id": number, "candidate_subject": "candidate", "person_reference_id": reference}
                columns = {CATALOG.resources[RECORDS].elements[ElementPath(path)].column: _stored(path, raw[path]) for path in raw}
                connection.execute(
                    insert(own).values(**place, to_version=end, **rest, **person, **columns, rank=chance.randrange(100))
                )
                lists = [{path: _value(chance, path) for path in LISTED} for _ in range(chance.randrange(4))]
                for ordinal, member in enumerate(lists):
                    there = {path.partition(".")[2]: _stored(path, member[path]) for path in LISTED}
                    connection.execute(insert(members).values(**place, ordinal=ordinal, **there))
                cohort = raw["cohort"]
                if seen and isinstance(cohort, int) and cohort <= IN_SCOPE:
                    visible[record] = _treated(record, reference, raw, lists)
    return Stored(database, tables, [visible[record] for record in sorted(visible)])


def _value(chance: random.Random, path: str) -> Scalar | None:
    pool = SMALL.get(path, POOLS[TREATED[path][0]])
    return None if chance.random() < 0.15 else chance.choice(pool)


def _stored(path: str, value: Scalar | None) -> object:
    return date.fromisoformat(value) if TREATED[path][0] == "date" and isinstance(value, str) else value


def _treated(record: int, reference: int | None, raw: Mapping[str, Any], lists: Sequence[Mapping[str, Any]]) -> Row:
    def treat(path: str, value: Scalar | None) -> Scalar | None:
        return treated_value(value, TREATED[path][1], TODAY, LISTS)

    return {
        "record": record,
        "recordIdentifier": PSEUDONYMS.of([record], RECORDS)[0],
        "personReference.personId": PSEUDONYMS.of([reference], PEOPLE)[0],
        **{path: treat(path, value) for path, value in raw.items()},
        **{path: [treat(path, member[path]) for member in lists] for path in LISTED},
    }


# --- what clients may ask ---------------------------------------------------------------------------------------------

EQUAL, ORDERED = ("eq", "ne"), ("lt", "le", "gt", "ge")
GROUPS = ("age", "size", "subject")
SORTABLE = tuple(path for path in OWN if path not in {"recordIdentifier", "personReference.personId", *GROUPS})


def _literals(path: str) -> st.SearchStrategy[Written]:
    kind, treatment = TREATED[path]
    if isinstance(treatment, Pseudonymise):
        space = RECORDS if path == "recordIdentifier" else PEOPLE
        known = [str(text) for text in PSEUDONYMS.of([11, 12, 2**63 - 1, 5], space)]
        return st.sampled_from([*known, "0" * 32, "x", ""]).map(lambda text: Written("text", text))
    match treatment:
        case Generalise("year"):
            return st.sampled_from([999, 1999, 2000, 2003, 2004, -1]).map(lambda year: Written("number", str(year)))
        case Generalise("month"):
            return st.sampled_from(["1999-12", "2000-01", "2000", "2003-05", "20"]).map(lambda month: Written("text", month))
        case Generalise("age_band"):
            return st.sampled_from(["20-24", "25-29", "20", ""]).map(lambda band: Written("text", band))
        case Generalise("band"):
            return st.sampled_from(["-20--11", "-10--1", "0-9", "10-19", "0"]).map(lambda band: Written("text", band))
        case Generalise("round", float()):
            return st.sampled_from(["-1", "0", "0.5", "1.5", "2.5", "-0.0", "5e-1", "1000"]).map(
                lambda text: Written("number", text)
            )
        case Generalise("zip3" | "roll_up"):
            return st.sampled_from(["606", "607", "6", "STEM", "Arts", ""]).map(lambda text: Written("text", text))
    match kind:
        case "string":
            pool = [*SMALL.get(path, TEXTS), *TEXTS]
            return (st.sampled_from(pool) | st.text(max_size=3).filter(str.isprintable)).map(
                lambda text: Written("text", str(text))
            )
        case "date":
            days = st.sampled_from(POOLS["date"]).map(str) | st.dates(date(1999, 1, 1), TODAY + timedelta(3)).map(date.isoformat)
            return days.map(lambda day: Written("date", day))
        case "boolean":
            return st.sampled_from(["true", "false"]).map(lambda text: Written("boolean", text))
        case "integer":
            numbers = st.sampled_from([*SMALL.get(path, ()), *POOLS["integer"]])
            return numbers.map(lambda number: Written("number", str(number)))
        case _:
            return st.sampled_from(POOLS["number"]).map(lambda number: Written("number", repr(number).replace("e+", "e")))


@st.composite
def _comparisons(draw: st.DrawFn) -> Comparison:
    path = draw(st.sampled_from([*TREATED]))
    kind, treatment = TREATED[path]
    pseudonym = isinstance(treatment, Pseudonymise)
    operators = [*EQUAL, "in", "isnull"]
    if not pseudonym and path not in GROUPS and kind != "boolean":
        operators += ORDERED
        if kind == "string" or treatment == Generalise("month"):
            operators += ["contains", "startswith"]
    operator: Any = draw(st.sampled_from(operators))
    if operator == "isnull":
        return Comparison(ElementPath(path), operator, (), 1)
    most = 4 if operator == "in" else 1
    values = draw(st.lists(_literals(path), min_size=1, max_size=most))
    return Comparison(ElementPath(path), operator, tuple(values), 1)


def _deeper(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    joined = st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3))
    return inner.map(Not) | joined.map(lambda found: Joined(found[0], tuple(found[1])))  # type: ignore[arg-type]


FILTERS: st.SearchStrategy[Filter] = st.recursive(_comparisons(), _deeper, max_leaves=6)
SORTS = st.lists(
    st.builds(SortBy, st.sampled_from(SORTABLE).map(ElementPath), st.booleans()), max_size=3, unique_by=lambda by: by.path
)


def _request(asked: Filter | None, sort: Sequence[SortBy], limit: int) -> AccessRequest:
    parsed = None if asked is None else parse_filter(spelled(asked))
    select = (ElementPath("recordIdentifier"), ElementPath("addresses.city"))
    return AccessRequest(RECORDS, "p", select=select, limit=limit, filter=parsed, sort=tuple(sort), count=True)


def test_the_records_have_something_of_everything(stored: Stored) -> None:
    assert 25 < len(stored.rows) < COUNT
    for path in OWN:
        assert len({row[path] for row in stored.rows}) > 1, path


@settings(max_examples=80, deadline=None)
@given(asked=FILTERS)
def test_a_filter_keeps_what_a_plain_reading_keeps(stored: Stored, asked: Filter) -> None:
    rows = stored.page(_request(asked, (), 1000), None)
    expected = [row["record"] for row in kept(stored.rows, asked)]
    assert list(rows.records) == expected
    assert rows.count == len(expected)


@settings(max_examples=40, deadline=None)
@given(asked=st.none() | FILTERS, sort=SORTS, limit=st.integers(1, 40))
def test_pages_both_ways_are_those_of_a_plain_reading(stored: Stored, asked: Filter | None, sort: list[SortBy], limit: int) -> None:
    request = _request(asked, sort, limit)
    expected = [row["record"] for row in ordered(kept(stored.rows, asked), sort)]
    whole = [expected[at : at + limit] for at in range(0, len(expected), limit)] or [[]]
    position: Position | None = None
    for number, page in enumerate(whole):
        rows = stored.page(request, position)
        assert (list(rows.records), rows.count) == (page, len(expected))
        assert (rows.preceding is not None, rows.following is not None) == (number > 0, number < len(whole) - 1)
        if rows.following is not None:
            position = Position.from_bytes(rows.following.to_bytes())
    for number in reversed(range(len(whole) - 1)):
        assert rows.preceding is not None
        rows = stored.page(request, Position.from_bytes(rows.preceding.to_bytes()))
        assert list(rows.records) == whole[number]
        assert (rows.preceding is not None, rows.following is not None) == (number > 0, True)


@settings(max_examples=40, deadline=None)
@given(asked=FILTERS)
def test_members_and_values_stay_with_their_records_in_any_order(stored: Stored, asked: Filter) -> None:
    request = replace(_request(asked, (SortBy(ElementPath("name"), True),), 1000), select=())
    rows = stored.page(request, None)
    seen = {row["record"]: row for row in stored.rows}
    cities = rows.members["addresses"]
    found: dict[int, list[object]] = {record: [] for record in rows.records}
    for at, city in zip(cities.row, cities.values[ElementPath("addresses.city")], strict=True):
        found[rows.records[at]].append(city)
    for at, record in enumerate(rows.records):
        assert rows.values[ElementPath("name")][at] == seen[record]["name"]
        assert found[record] == seen[record]["addresses.city"]


@settings(max_examples=40, deadline=None)
@given(asked=st.none() | FILTERS, sort=SORTS, limit=st.integers(1, 40), data=st.data())
def test_a_walk_goes_on_from_where_a_record_is_gone(
    stored: Stored, asked: Filter | None, sort: list[SortBy], limit: int, data: st.DataObject
) -> None:
    gone: dict[str, Any] = {**data.draw(st.sampled_from(stored.rows))}
    gone["record"] += data.draw(st.sampled_from([-1, 1]))
    there = kept(stored.rows, asked)
    walk = [row["record"] for row in ordered(sorted((*there, gone), key=lambda row: int(str(row["record"]))), sort)]
    at = walk.index(gone["record"])
    before, behind = walk[:at], walk[at + 1 :]
    # As a cursor holds it: the beginnings of texts, numbers as the database has them.
    keys = tuple(key[:120] if isinstance(key := gone[by.path], str) else key for by in sort)
    forth = stored.page(_request(asked, sort, limit), Position(gone["record"], keys))
    assert list(forth.records) == behind[:limit]
    assert (forth.preceding is not None, forth.following is not None) == (bool(before and behind), len(behind) > limit)
    back = stored.page(_request(asked, sort, limit), Position(gone["record"], keys, backward=True))
    assert list(back.records) == before[-limit:]
    assert (back.preceding is not None, back.following is not None) == (len(before) > limit, bool(before and behind))
