"""Who is known is read once for the versions of a snapshot, whoever asks, and kept for a bounded number of providers."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence

import pytest

from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.errors import IntegrityError
from gateway.keys.seal import Sealer
from gateway.know_people import MOST_PROVIDERS, Acquaintances, PeopleRead
from gateway.redact.text import KnownPeople
from tests.conftest import new_database
from tests.databases import BACKENDS
from tests.texts import AGREEMENT, PEOPLE, say
from tests.world import World, gateway_world

LAKESIDE = InstitutionId("lakeside")


@pytest.fixture(params=BACKENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("people")
    with new_database(request.param, request, folder) as url, gateway_world(folder / "home", url) as opened:
        opened.agree(AGREEMENT)
        say(opened, {"Q1": "It was good."})
        yield opened


@pytest.fixture
def people(world: World) -> Acquaintances:
    return Acquaintances(world.gateway.catalog, world.gateway.tables)


def read(world: World, people: Acquaintances, provider: InstitutionId = LAKESIDE) -> PeopleRead:
    with world.gateway.database.read() as connection:
        return people.read(provider, connection)


def index(world: World, people: Acquaintances, found: PeopleRead, *, broken: bool = False) -> KnownPeople | None:
    def unseal(
        resource: ResourceName, collection: str | None, sealed: Sequence[bytes | None], places: Iterable[tuple[int, ...]]
    ) -> Iterable[bytes | None]:
        tables = world.gateway.tables[resource]
        table = tables.rows if collection is None else tables.members[collection]
        moved = [(*place[:-1], place[-1] + 1) for place in places] if broken else places
        return Sealer(world.gateway.ring.provider(LAKESIDE).data, table.name).unseal_each(sealed, LAKESIDE, moved)

    return people.index(found, unseal)


def test_everybody_is_known_by_name_and_address(world: World, people: Acquaintances) -> None:
    known = index(world, people, read(world, people))
    assert known is not None
    assert known.count == len(PEOPLE)
    assert {"ana", "ruiz", "ortega", "william", "bill", "young"} <= known.words.keys()


def test_an_index_is_made_once_for_a_version(world: World, people: Acquaintances) -> None:
    first = read(world, people)
    made = index(world, people, first)
    again = read(world, people)
    assert (again.index, again.sealed) == (made, ())
    assert index(world, people, first) is made
    say(world, {"Q1": "It was good."}, (*PEOPLE, ("Nkechi", "Obi", "n@lakeside.example")))
    later = read(world, people)
    assert later.index is None
    newer = index(world, people, later)
    assert newer is not None
    assert "nkechi" in newer.words
    assert made is not None
    assert "nkechi" not in made.words


def test_an_older_snapshot_gets_its_own_index(world: World, people: Acquaintances) -> None:
    """A reader that began before a promotion sees the people of before, whatever was indexed meanwhile."""
    before = read(world, people)
    say(world, {"Q1": "It was good."}, (*PEOPLE, ("Nkechi", "Obi", "n@lakeside.example")))
    index(world, people, read(world, people))
    older = index(world, people, before)
    assert older is not None
    assert "nkechi" not in older.words
    newest = read(world, people)
    made = index(world, people, newest)
    assert made is not None
    assert "nkechi" in made.words


def test_threads_share_what_one_of_them_made(world: World, people: Acquaintances) -> None:
    found = read(world, people)
    made: list[KnownPeople | None] = []
    threads = [threading.Thread(target=lambda: made.append(index(world, people, found))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == len(threads)
    assert len({id(one) for one in made}) == 1


def test_names_of_a_provider_that_was_never_pulled_are_not_known(world: World, people: Acquaintances) -> None:
    assert index(world, people, read(world, people, InstitutionId("nobody"))) is None


def test_a_name_that_does_not_open_gives_no_index(world: World, people: Acquaintances) -> None:
    found = read(world, people)
    with pytest.raises(IntegrityError):
        index(world, people, found, broken=True)
    assert read(world, people).index is None


def test_so_many_providers_are_kept(world: World, people: Acquaintances) -> None:
    for number in range(MOST_PROVIDERS + 1):
        provider = InstitutionId(f"p-{number}")
        people.index(PeopleRead(provider, ((ResourceName("candidates"), 1),), None, ()), lambda *_: [])
    assert sorted(people._known) == sorted(f"p-{number}" for number in range(1, MOST_PROVIDERS + 1))


def test_nothing_of_anybody_is_printed(world: World, people: Acquaintances) -> None:
    found = read(world, people)
    index(world, people, found)
    told = repr((found, found.sealed, people, read(world, people))).lower()
    assert [name for name in ("ana", "ruiz", "william") if name in told] == []
