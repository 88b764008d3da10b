"""The HTTP application over an opened gateway, and the process that only serves it.

Apart from `gateway.app`, so that a command that serves nothing does not load a web server.
"""

from __future__ import annotations

import gc
from collections.abc import Callable

from fastapi import FastAPI

from gateway.api.build import Edge, build_api
from gateway.api.clocked import Answered
from gateway.app import Gateway, new_id
from gateway.receive import PushDesk
from gateway.take_batches import Sources

NEW_OBJECTS, NEW_ROUNDS, OLD_ROUNDS = 100_000, 20, 100


def settle_collector() -> None:
    """For a process that only serves, once it is put together: a page makes thousands of objects that live for milliseconds and
    hold no cycles. The collector's usual limits walk all that the process holds several times a page, which took half of its
    time (tests/benchmarks)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, NEW_ROUNDS, OLD_ROUNDS)


def build_app(
    gateway: Gateway, sources: Sources = dict, wake: Callable[[], None] = lambda: None, answered: Answered | None = None
) -> FastAPI:
    """The HTTP application; notes the start on the log first. `sources` are those that take batches, `wake` is called when one is
    complete, `answered` after each answer."""
    settings, pdp = gateway.settings, gateway.pdp()
    gateway.note_start(pdp)
    pdp.start()
    edge = Edge(
        allowed_hosts=tuple(host.strip() for host in settings.allowed_hosts.split(",") if host.strip()),
        data_threads=settings.data_threads,
        new_request_id=new_id,
        answered=answered,
    )
    gate = gateway.gate(pdp)
    pushes = PushDesk(gateway.database, gateway.ring, gateway.log, gate.verifier, gateway.clock, sources, wake)
    return build_api(gate, gateway.law, gateway.token_issuer(), pushes, edge)
