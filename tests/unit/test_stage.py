"""Staging is invisible until promotion, keeps the last good version, and runs again without changing anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, select

from gateway.catalog.model import Resource
from gateway.domain.access import AccessRequest, Scalar
from gateway.domain.decision import LegalBasis, Permit
from gateway.domain.identifiers import AgreementId, ElementPath, InstitutionId, PersonId, ResourceName
from gateway.domain.records import EducationRecord, Location, Rejection
from gateway.domain.treatments import Share
from gateway.errors import IngestError
from gateway.keys.blind_index import BlindIndex
from gateway.keys.pseudonym import Pseudonyms
from gateway.keys.seal import DataKey, DataKeys, Sealer
from gateway.lay_out import Provenance
from gateway.narrow import Keyed
from gateway.plan import compile_plan
from gateway.read import read
from gateway.redact import redact
from gateway.stage import Stage, people_key_spaces
from gateway.store.engine import Database, open_database
from gateway.store.key_ring import ProviderKeys
from gateway.store.record_tables import RecordTables, build_record_tables
from gateway.store.registry import register
from gateway.store.schema import key_registry, metadata
from gateway.store.staging import Counts, head, move_head
from tests.small_catalog import CANDIDATES, PEOPLE, PLACEMENTS, RESPONSES, small_catalog

CATALOG = small_catalog()
TODAY = date(2026, 11, 24)
LAKESIDE = InstitutionId("lakeside")
KEYS = ProviderKeys(
    DataKeys(DataKey("data", bytes(32))),
    *(DataKey(purpose, bytes([at]) * 32) for at, purpose in enumerate(("source", "register", "index"), start=1)),
)
KEYED = Keyed(Pseudonyms(bytes(32)), BlindIndex(bytes(32), CANDIDATES))


class World:
    """One database with the small catalog's tables."""

    def __init__(self, database: Database, tables: Mapping[ResourceName, RecordTables]) -> None:
        self.database = database
        self.tables = tables
        self.moved: dict[PersonId, PersonId] = {}

    def persons(self, name: ResourceName) -> set[int]:
        """Who the current rows are about."""
        rows = self.tables[name].rows
        with self.database.read() as connection:
            return set(connection.execute(select(rows.c.person_id).where(rows.c.to_version.is_(None))).scalars())

    def stage(self, name: ResourceName, *, later_counts: bool = False) -> Stage:
        resource = CATALOG.resources[name]
        with self.database.read() as connection:
            version, _ = head(connection, LAKESIDE, name)
        return Stage(
            self.database,
            self.tables[name],
            Provenance(LAKESIDE, "extract", "epp", dict.fromkeys(resource.persons, "candidate")),
            KEYS,
            version=version,
            stored=frozenset(element.path for element in resource.every_element()),
            people=people_key_spaces(CATALOG.resources),
            follow=lambda _connection, moved: self.moved.update(moved),
            later_counts=later_counts,
        )

    def promote(self, stage: Stage, name: ResourceName) -> None:
        with self.database.write() as connection:
            version, _ = head(connection, LAKESIDE, name)
            move_head(
                connection,
                LAKESIDE,
                name,
                version=version + 1,
                stored=frozenset(),
                run_id=f"run-{name}-{version}",
                counts=stage.counts,
                at="2026-11-24T00:00:00.000000Z",
            )

    def load(self, name: ResourceName, *records: EducationRecord, shrink: float = 1.0) -> Counts:
        stage = self.stage(name)
        stage.take(records)
        stage.remove_unseen()
        stage.check_shrink(shrink)
        self.promote(stage, name)
        return stage.counts

    def seen(self, name: ResourceName) -> list[dict[str, object]]:
        """What a partner with everything shared would see."""
        resource = CATALOG.resources[name]
        plan = compile_plan(
            AccessRequest(resource=name, purpose="p", limit=1000), _everything(resource), CATALOG, KEYED, None, TODAY
        )
        with self.database.read() as connection:
            rows = read(plan, connection, self.tables)
        tables = self.tables[name]
        sealers = {None: Sealer(KEYS.data, tables.rows.name)} | {
            collection: Sealer(KEYS.data, table.name) for collection, table in tables.members.items()
        }
        treated = redact(
            rows,
            plan,
            KEYED.pseudonyms,
            lambda collection, blobs, places: sealers[collection].unseal_each(blobs, LAKESIDE, places),
            lambda key_space, own_ids: [],
        )
        records: list[dict[str, Any]] = [
            dict(zip(treated.values, row, strict=True)) for row in zip(*treated.values.values(), strict=True)
        ]
        for collection, members in treated.members.items():
            for record in records:
                record[collection] = []
            for row, values in zip(members.row, zip(*members.values.values(), strict=True), strict=True):
                records[row][collection].append(dict(zip(members.values, values, strict=True)))
        return sorted(({str(k): v for k, v in record.items()} for record in records), key=str)


def _everything(resource: Resource) -> Permit:
    return Permit(
        agreement=AgreementId("a"),
        agreement_version=1,
        agreement_digest="",
        schedule="s",
        provider=LAKESIDE,
        recipient=InstitutionId("riverton"),
        resource=resource.name,
        purpose="p",
        elements={element.path: Share() for element in resource.every_element()},
        withheld=(),
        rows=(),
        bases={role: LegalBasis("consent", "99.30") for role in resource.persons},
        excluded_opt_outs=(),
        redisclosure_notice=False,
        rules=(),
        bundle_digest="",
    )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    database = open_database(f"sqlite:///{tmp_path / 'gateway.db'}")
    records = MetaData()
    tables = build_record_tables(CATALOG, records)
    metadata.create_all(database.engine)
    records.create_all(database.engine)
    yield World(database, tables)
    database.close()


def candidate(number: str, line: int = 2, addresses: tuple[Mapping[str, Scalar], ...] = (), **elements: Scalar) -> EducationRecord:
    named = {ElementPath(path.replace("__", ".")): value for path, value in elements.items()}
    return EducationRecord(
        CANDIDATES,
        Location("candidates.csv", line),
        {ElementPath("candidateIdentifier"): number, **named},
        {"addresses": addresses} if addresses else {},
    )


def placement(number: str, of: str) -> EducationRecord:
    path = ElementPath("candidateReference.number")
    return EducationRecord(PLACEMENTS, Location("p.csv", 2), {ElementPath("fieldworkIdentifier"): number, path: of}, {})


def test_what_is_staged_is_invisible_until_it_is_promoted(world: World) -> None:
    world.load(CANDIDATES, candidate("1", firstName="Ana"))
    stage = world.stage(CANDIDATES)
    stage.take([candidate("1", firstName="Anna"), candidate("2", 3, firstName="Bo")])
    stage.remove_unseen()
    stage.check_shrink(1.0)
    assert [row["firstName"] for row in world.seen(CANDIDATES)] == ["Ana"]
    world.promote(stage, CANDIDATES)
    assert sorted(str(row["firstName"]) for row in world.seen(CANDIDATES)) == ["Anna", "Bo"]


def test_an_interrupted_run_leaves_nothing_behind(world: World) -> None:
    world.load(CANDIDATES, candidate("1", firstName="Ana"), candidate("2", 3, firstName="Bo"))
    before = world.seen(CANDIDATES)
    world.stage(CANDIDATES).take([candidate("1", firstName="Anna"), candidate("3", 4)])
    world.stage(CANDIDATES)
    assert world.seen(CANDIDATES) == before
    again = world.stage(CANDIDATES)
    again.take([candidate("1", firstName="Ana"), candidate("2", 3, firstName="Bo")])
    again.remove_unseen()
    again.check_shrink(0.0)
    assert again.counts == Counts(unchanged=2)


def test_the_same_input_again_changes_nothing(world: World) -> None:
    records = (
        candidate("1", 2, ({"city": "Óbidos", "street": "1 Main"},), birthDate="1999-02-03", hours=1.5, active=True),
        candidate("2", 3),
    )
    assert world.load(CANDIDATES, *records) == Counts(inserted=2)
    assert world.load(CANDIDATES, *records) == Counts(unchanged=2)
    assert len(world.seen(CANDIDATES)) == 2


def test_a_change_in_a_member_of_a_collection_is_a_change(world: World) -> None:
    world.load(CANDIDATES, candidate("1", 2, ({"city": "A"},)))
    assert world.load(CANDIDATES, candidate("1", 2, ({"city": "B"},))) == Counts(updated=1)
    assert world.seen(CANDIDATES)[0]["addresses"] == [{"city": "B", "street": None}]


def test_a_key_that_stands_twice_is_rejected_with_the_first_ones_line(world: World) -> None:
    stage = world.stage(CANDIDATES)
    [rejected] = stage.take([candidate("1", 2), candidate("1", 7, firstName="Zed")]).rejected
    assert rejected == Rejection(
        CANDIDATES,
        Location("candidates.csv", 7),
        "candidateIdentifier",
        "duplicate_key",
        "Line 2 already has a record with this key; the first one counts.",
    )
    [later] = stage.take([candidate("1", 2)]).rejected
    assert later.code == "duplicate_key"


def test_where_a_living_source_shows_a_record_again_the_later_row_counts(world: World) -> None:
    world.load(CANDIDATES, candidate("1", firstName="Ana"), candidate("2", firstName="Bo"))
    stage = world.stage(CANDIDATES, later_counts=True)
    first = stage.take([candidate("1", firstName="Ann"), candidate("1", firstName="Anna"), candidate("2", firstName="Bo")])
    again = stage.take([candidate("1", firstName="Annika"), candidate("2", firstName="Bob"), candidate("3", firstName="Cy")])
    assert (first.rejected, again.rejected) == ([], [])
    stage.remove_unseen()
    assert stage.counts == Counts(inserted=1, updated=2)
    world.promote(stage, CANDIDATES)
    assert sorted(str(row["firstName"]) for row in world.seen(CANDIDATES)) == ["Annika", "Bob", "Cy"]


def test_a_record_that_the_source_calls_deleted_ends_unless_it_is_there_again(world: World) -> None:
    world.load(CANDIDATES, candidate("1"), candidate("2"), candidate("3"))
    stage = world.stage(CANDIDATES, later_counts=True)
    stage.take([candidate("2", firstName="Back")])
    stage.remove([candidate("1"), candidate("2"), candidate("unknown"), candidate("1")])
    assert stage.counts == Counts(updated=1, deleted=1)
    stage.check_shrink(0.34)
    with pytest.raises(IngestError, match="1 of 3 records"):
        stage.check_shrink(0.3)
    world.promote(stage, CANDIDATES)
    assert len(world.seen(CANDIDATES)) == 2


def test_a_person_with_another_identity_stays_the_same_person(world: World) -> None:
    world.load(CANDIDATES, candidate("1"))
    [before] = world.persons(CANDIDATES)
    stage = world.stage(CANDIDATES, later_counts=True)
    stage.rekey([(candidate("1"), candidate("9"))])
    stage.take([candidate("9")])
    assert stage.counts == Counts(inserted=1, deleted=1)
    world.promote(stage, CANDIDATES)
    assert world.persons(CANDIDATES) == {before}


def test_a_vanished_record_is_deleted_within_the_shrink_limit_only(world: World) -> None:
    world.load(CANDIDATES, *(candidate(str(n), n) for n in range(10)))
    stage = world.stage(CANDIDATES)
    stage.take([candidate(str(n), n) for n in range(7)])
    stage.remove_unseen()
    with pytest.raises(IngestError, match=r"3 of 10 records.*20%"):
        stage.check_shrink(0.2)
    stage.discard()
    assert len(world.seen(CANDIDATES)) == 10
    assert world.load(CANDIDATES, *(candidate(str(n), n) for n in range(8)), shrink=0.2) == Counts(deleted=2, unchanged=8)
    assert len(world.seen(CANDIDATES)) == 8


def test_a_record_whose_new_row_is_bad_keeps_its_last_good_version(world: World) -> None:
    world.load(CANDIDATES, candidate("1", firstName="Ana"))
    stage = world.stage(CANDIDATES)
    stage.keep([candidate("1")])
    stage.remove_unseen()
    stage.check_shrink(0.0)
    assert stage.counts == Counts()


def test_a_record_that_comes_back_has_its_old_surrogate(world: World) -> None:
    world.load(CANDIDATES, candidate("1"))
    with world.database.read() as connection:
        before = connection.execute(select(key_registry.c.record_id)).scalars().all()
    world.load(CANDIDATES)
    world.load(CANDIDATES, candidate("1"))
    with world.database.read() as connection:
        assert connection.execute(select(key_registry.c.record_id)).scalars().all() == before


def test_a_dangling_reference_gets_the_surrogate_that_its_target_will_have(world: World) -> None:
    world.load(PLACEMENTS, placement("p1", "c1"))
    world.load(CANDIDATES, candidate("c1"))
    placements, candidates = world.tables[PLACEMENTS].rows, world.tables[CANDIDATES].rows
    with world.database.read() as connection:
        target = connection.execute(select(placements.c.candidate_reference_id, placements.c.person_id)).one()
        assert tuple(connection.execute(select(candidates.c.record_id, candidates.c.person_id)).one()) == tuple(target)


def test_a_candidate_that_names_its_person_is_that_person_and_so_are_its_placements(world: World) -> None:
    world.load(PLACEMENTS, placement("p1", "c1"))
    world.load(PEOPLE, EducationRecord(PEOPLE, Location("people.csv", 2), {ElementPath("personId"): "P"}, {}))
    world.load(CANDIDATES, candidate("c1", personReference__personId="P"))
    assert world.load(PLACEMENTS, placement("p1", "c1")) == Counts(updated=1)
    with world.database.read() as connection:
        persons = {
            connection.execute(
                select(world.tables[name].rows.c.person_id).where(world.tables[name].rows.c.to_version.is_(None))
            ).scalar()
            for name in (PEOPLE, CANDIDATES, PLACEMENTS)
        }
    assert len(persons) == 1


@pytest.mark.parametrize(
    ("named", "respondent"),
    [
        ({"studentReference.number": "c1"}, "c1"),
        ({"studentReference.number": "c2"}, "c2"),
        ({"personReference.personId": "P"}, "c1"),
        ({"studentReference.number": "c2", "personReference.personId": "P"}, "c1"),
        ({}, None),
    ],
)
def test_who_answers_a_survey_is_the_candidate_or_person_that_the_response_names(
    world: World, named: Mapping[str, str], respondent: str | None
) -> None:
    people: dict[int, str] = {}
    for known in (candidate("c1", personReference__personId="P"), candidate("c2")):
        world.load(CANDIDATES, known)
        [found] = world.persons(CANDIDATES) - people.keys()
        people[found] = str(known.elements[ElementPath("candidateIdentifier")])
    named = {"surveyResponseIdentifier": "r1", **named}
    world.load(RESPONSES, EducationRecord(RESPONSES, Location("r.csv", 2), {ElementPath(p): t for p, t in named.items()}, {}))
    [answered] = world.persons(RESPONSES)
    assert people.get(answered) == respondent


def test_no_identifier_stands_in_the_database_in_clear(world: World, tmp_path: Path) -> None:
    world.load(CANDIDATES, candidate("CANARY-KEY", 2, ({"street": "CANARY-STREET"},), firstName="CANARY-NAME"))
    world.database.close()
    for file in tmp_path.glob("gateway.db*"):
        assert b"CANARY" not in file.read_bytes()


def test_surrogates_are_given_in_no_order(world: World) -> None:
    keys = [bytes([number]) * 32 for number in range(50)]
    with world.database.write() as connection:
        made = register(connection, LAKESIDE, CANDIDATES, keys, people=True)
    records = [made[key].record for key in keys]
    assert records != sorted(records)
    assert [made[key].person for key in keys] == list(range(1, 51))
