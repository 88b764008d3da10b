"""Which rows a permit lets out: related rows, live consents, subject types, and the classes of a frozen release."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Table, delete, insert, select, update

from gateway.domain.access import AccessRequest
from gateway.domain.decision import AheadPredicate, LegalBasis, Permit, RelatedPredicate, Release, RosterPredicate, RowPredicate
from gateway.domain.identifiers import AgreementId, ElementPath, InstitutionId, ResourceName
from gateway.domain.rows import Rows
from gateway.domain.treatments import Generalise, Share, Treatment
from gateway.errors import IntegrityError
from gateway.keys.blind_index import BlindIndex
from gateway.keys.pseudonym import Pseudonyms
from gateway.narrow import Keyed
from gateway.plan import compile_plan
from gateway.read import read
from gateway.store.schema import consent
from tests.conftest import new_database
from tests.databases import BACKENDS
from tests.world import World, placement_world

TODAY = date(2026, 11, 24)
CANDIDATES, PLACEMENTS = ResourceName("candidates"), ResourceName("fieldworkExperiences")
SCHOOL = ElementPath("schoolReference.schoolId")
HOURS = ElementPath("hoursCompleted")
EVERYBODY = Permit(
    agreement=AgreementId("a"),
    agreement_version=1,
    agreement_digest="d" * 64,
    schedule="s",
    provider=InstitutionId("lakeside"),
    recipient=InstitutionId("riverton"),
    resource=CANDIDATES,
    purpose="placement",
    elements={ElementPath("birthStateAbbreviationDescriptor"): Share()},
    withheld=(),
    rows=(),
    bases={"candidate": LegalBasis("consent", "34 CFR 99.30")},
    excluded_opt_outs=(),
    redisclosure_notice=True,
    rules=(),
    bundle_digest="b" * 64,
)


@pytest.fixture(scope="module", params=BACKENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Loaded under the example agreement; the tests add and remove their own consents."""
    folder = tmp_path_factory.mktemp("scopes")
    with new_database(request.param, request, folder) as url, placement_world(folder / "home", url) as opened:
        yield opened


def _rows(world: World, permit: Permit, today: date = TODAY) -> Rows:
    request = AccessRequest(resource=permit.resource, purpose="placement", limit=1000)
    keyed = Keyed(Pseudonyms(bytes(32)), BlindIndex(bytes(32), permit.resource))
    plan = compile_plan(request, permit, world.gateway.catalog, keyed, None, today)
    with world.gateway.database.read() as connection:
        return read(plan, connection, world.gateway.tables)


def _people(world: World, permit: Permit, today: date = TODAY) -> set[int]:
    return set(_rows(world, permit, today).persons["candidate"])


def _table(world: World, resource: ResourceName) -> Table:
    return world.gateway.tables[resource].rows


def _placed(schools: tuple[int, ...]) -> Permit:
    where = (RowPredicate(SCHOOL, "in", schools),)
    return replace(EVERYBODY, rows=(RelatedPredicate(PLACEMENTS, "candidate", where),))


def test_related_rows_choose_their_people_and_nobody_else(world: World) -> None:
    placements = _table(world, PLACEMENTS)
    with world.gateway.database.read() as connection:
        placed = connection.execute(select(placements.c.person_id, placements.c.school_school_id)).fetchall()
    schools = Counter(school for _, school in placed if school is not None)
    school = min(schools)
    expected = {person for person, at in placed if at == school} & _people(world, EVERYBODY)
    assert expected
    assert _people(world, _placed((school,))) == expected
    assert _people(world, _placed(())) == set()
    assert len(expected) < len(_people(world, EVERYBODY))


def test_a_related_row_that_is_no_longer_current_chooses_nobody(world: World) -> None:
    placements = _table(world, PLACEMENTS)
    with world.gateway.database.read() as connection:
        school, person = connection.execute(
            select(placements.c.school_school_id, placements.c.person_id).where(placements.c.school_school_id.is_not(None)).limit(1)
        ).one()
    assert person in _people(world, _placed((school,)))
    of_this_person = (placements.c.person_id == person, placements.c.to_version.is_(None))
    with world.gateway.database.write() as connection:
        connection.execute(update(placements).where(*of_this_person).values(to_version=1))
    try:
        assert person not in _people(world, _placed((school,)))
    finally:
        with world.gateway.database.write() as connection:
            connection.execute(update(placements).where(placements.c.person_id == person).values(to_version=None))


def test_a_related_condition_that_still_looks_ahead_is_not_read(world: World) -> None:
    ahead = RelatedPredicate(PLACEMENTS, "candidate", (AheadPredicate(ElementPath("endDate"), "days", 3),))
    with pytest.raises(IntegrityError):
        _rows(world, replace(EVERYBODY, rows=(ahead,)))


@pytest.fixture
def consented(world: World) -> Iterator[int]:
    """Somebody with one live consent."""
    person = min(_people(world, EVERYBODY))
    with world.gateway.database.write() as connection:
        connection.execute(insert(consent).values(_consent(person)))
    yield person
    with world.gateway.database.write() as connection:
        connection.execute(delete(consent))


def _consent(person: int) -> dict[str, object]:
    return {
        "provider_id": "lakeside",
        "person_id": person,
        "form": "release-2026",
        "recipient_id": "riverton",
        "purpose": "placement",
        "from_version": 1,
        "to_version": None,
        "signed_on": "2026-11-24",
        "until_day": "2026-11-25",
        "method": "paper",
        "at": "2026-11-24T00:00:00.000000Z",
    }


ON_CONSENT = replace(EVERYBODY, consents={"candidate": "release-2026"})


def test_only_people_with_a_live_consent_are_there(world: World, consented: int) -> None:
    assert _people(world, ON_CONSENT) == {consented}


@pytest.mark.parametrize(("day", "there"), [(23, False), (24, True), (25, True), (26, False)])
def test_first_and_last_day_of_a_consent_count(world: World, consented: int, day: int, there: bool) -> None:
    assert (consented in _people(world, ON_CONSENT, date(2026, 11, day))) is there


@pytest.mark.parametrize(
    "change",
    [
        {"form": "release-2025"},
        {"recipient_id": "hillside"},
        {"purpose": "hiring"},
        {"provider_id": "hillside"},
        {"to_version": 2},
    ],
    ids=str,
)
def test_a_consent_for_something_else_or_withdrawn_is_none(world: World, consented: int, change: Mapping[str, object]) -> None:
    with world.gateway.database.write() as connection:
        connection.execute(update(consent).where(consent.c.person_id == consented).values(**change))
    assert _people(world, ON_CONSENT) == set()


def test_rows_about_a_subject_type_that_is_excluded_are_absent(world: World) -> None:
    candidates = _table(world, CANDIDATES)
    person = max(_people(world, EVERYBODY))
    without = replace(EVERYBODY, excluded_subjects={"candidate": ("k12_student",)})
    assert person in _people(world, without)
    with world.gateway.database.write() as connection:
        connection.execute(update(candidates).where(candidates.c.person_id == person).values(candidate_subject="k12_student"))
    try:
        assert _people(world, without) == _people(world, EVERYBODY) - {person}
    finally:
        with world.gateway.database.write() as connection:
            connection.execute(update(candidates).where(candidates.c.person_id == person).values(candidate_subject="candidate"))


def _released(smallest: int, elements: Mapping[ElementPath, Treatment], version: int = 1) -> Permit:
    release = Release(version, smallest, tuple(elements))
    return replace(EVERYBODY, resource=PLACEMENTS, elements=elements, release=release)


def test_rows_of_small_classes_are_not_in_a_release(world: World) -> None:
    by_band: Mapping[ElementPath, Treatment] = {HOURS: Generalise("band", 50)}
    everything = _rows(world, replace(EVERYBODY, resource=PLACEMENTS, elements=by_band)).values[HOURS]
    classes = Counter(everything)
    assert len(classes) > 2
    for smallest in (1, 2, min(classes.values()) + 1, len(everything) + 1):
        kept = Counter(_rows(world, _released(smallest, by_band)).values[HOURS])
        assert kept == {band: count for band, count in classes.items() if count >= smallest}


def test_a_release_stays_as_it_was_determined(world: World) -> None:
    placements = _table(world, PLACEMENTS)
    by_band: Mapping[ElementPath, Treatment] = {HOURS: Generalise("band", 50)}
    before = _rows(world, _released(1, by_band))
    with world.gateway.database.write() as connection:
        connection.execute(update(placements).where(placements.c.record_id == min(before.records)).values(from_version=2))
    try:
        assert min(before.records) not in _rows(world, _released(1, by_band)).records
        assert len(_rows(world, _released(1, by_band, version=2)).records) == len(before.records)
    finally:
        with world.gateway.database.write() as connection:
            connection.execute(update(placements).where(placements.c.record_id == min(before.records)).values(from_version=1))


@pytest.mark.parametrize(
    "change",
    [
        {"consents": {"candidate": "f"}},
        {"excluded_opt_outs": ("candidate",)},
        {"rows": (RelatedPredicate(PLACEMENTS, "candidate", ()),)},
        {"rows": (RosterPredicate(ElementPath("studentReference.studentUniqueId")),)},
        {"release": Release(1, 10, (ElementPath("firstName"),))},
    ],
    ids=str,
)
def test_a_release_that_could_move_is_not_read(world: World, change: Mapping[str, object]) -> None:
    permit = _released(10, {HOURS: Generalise("band", 50)})
    with pytest.raises(IntegrityError):
        _rows(world, replace(permit, **change))  # type: ignore[arg-type]
