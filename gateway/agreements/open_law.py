"""Open the rules that agreement files are checked by, from the policy bundle."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial

from gateway.agreements.check import Law
from gateway.pdp.embedded import EmbeddedPdp
from gateway.pdp.policies import Policies
from gateway.pdp.read_bundle import CHECK

SECONDS = 10.0
"""For one agreement over the whole catalog; nobody waits for an answer to a partner here."""


@contextmanager
def open_law(policies: Policies, day: date, *, every_module: bool = False) -> Iterator[Law]:
    """The rules of a bundle on a day, with the state-law modules that the policies name, or with every one that the bundle has.

    It runs in process whatever engine decides. Raises as `Policies.read` does, and `IntegrityError` for a bundle without a check.
    """
    bundle = policies.read()
    modules = tuple(sorted(bundle.modules)) if every_module else policies.modules
    engine = EmbeddedPdp(bundle, instances=1, seconds=SECONDS, entrypoints=(CHECK,))
    try:
        yield Law(partial(engine.evaluate, entrypoint=CHECK), modules, day)
    finally:
        engine.close()
