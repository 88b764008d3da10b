"""Read pages while a source is synced without a pause: each shows one state of the source, whole.

Every record of a state bears the state's number, so that a page of two states shows it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from gateway.domain.identifiers import InstitutionId
from gateway.ingest import SyncOrder, ingest
from tests.living import CANDIDATES, Living
from tests.world import World

LEAST, MOST = 40, 60
READERS = 4


@dataclass
class Toll:
    """Pages that were read, states that were promoted, and states that were seen."""

    reads: int = 0
    states: int = 0
    seen: set[int] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def read_while_synced(world: World, reads: int) -> Toll:
    """At least `reads` pages; `world` has its agreements and the client riverton-sis."""
    toll, ended = Toll(), threading.Event()
    living = Living()
    sizes: dict[int, int] = {}
    _promote(world, living, sizes, toll)
    token = world.token("riverton-sis")
    readers = [threading.Thread(target=_read, args=(world, token, toll, sizes, reads, ended)) for _ in range(READERS)]
    with _all_running(readers):
        while not ended.is_set():
            _promote(world, living, sizes, toll)
    return toll


def _promote(world: World, living: Living, sizes: dict[int, int], toll: Toll) -> None:
    """The next state: everybody is called otherwise, some have gone and some have come."""
    number = toll.states + 1
    size = LEAST + number * 7 % (MOST - LEAST)
    sizes[number] = size
    for at in [key for key in living.names if int(key[1:]) >= size]:
        living.delete(at)
    living.put(**{f"c{at}": f"S{number}" for at in range(size)})
    order = SyncOrder("ods", InstitutionId("lakeside"), {CANDIDATES: "epp"}, allow_shrink=True, whole=bool(number % 3))
    [report] = ingest(order, living, world.gateway.intake(), lambda *_: None)
    assert report.outcome == "promoted"
    toll.states = number


def _read(world: World, token: str, toll: Toll, sizes: dict[int, int], reads: int, ended: threading.Event) -> None:
    try:
        while not ended.is_set():
            answer = world.api.get("/v1/candidates", token, purpose="placement", limit=str(MOST), count="exact")
            found = answer.json()
            names = {record["firstName"] for record in found["data"]}
            with toll.lock:
                toll.reads += 1
                if len(names) != 1:
                    toll.wrong.append(f"a page shows {len(names)} states")
                    continue
                state = int(names.pop()[1:])
                toll.seen.add(state)
                if not len(found["data"]) == found["count"] == sizes[state]:
                    toll.wrong.append(
                        f"state {state} has {sizes[state]} records; {len(found['data'])} of {found['count']} are shown"
                    )
                if toll.reads >= reads or toll.wrong:
                    ended.set()
    finally:
        ended.set()


@contextmanager
def _all_running(threads: list[threading.Thread]) -> Iterator[None]:
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join()
