"""Open the policy engine that the settings name, with the bundles that they name."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Literal

from gateway.pdp.embedded import DECISION_SECONDS
from gateway.pdp.live import LiveEngine
from gateway.pdp.opa_server import OpaServerPdp, ServedEngine
from gateway.pdp.operator import OperatorRules
from gateway.pdp.point import Engine, PolicyPoint
from gateway.pdp.policies import Policies
from gateway.pdp.read_bundle import Bundle
from gateway.pdp.watch import BundleWatch, Watcher, stamp_of

OPERATOR_SECONDS = 0.3
"""For the operator's rules: with a policy that takes all its time, a request is still answered within two seconds."""

POLICY_BUNDLE, OPERATOR_BUNDLE = "policy_bundle", "operator_bundle"


def open_pdp(
    policies: Policies,
    engine: Literal["embedded", "opa"] = "embedded",
    *,
    host: str = "127.0.0.1",
    port: int = 8181,
    instances: int = 4,
    keep: Callable[[Bundle], None] = lambda _: None,
) -> PolicyPoint:
    """The engine over these policies; `host` and `port` are an OPA server's, `instances` how many may be asked at once.

    `keep` is given each bundle before the first decision by it. Raises as `Policies.read` does, and `IntegrityError` for a bundle
    that does not run.
    """
    stamp, present = stamp_of(policies.place), policies.read()
    keep(present)
    watcher = Watcher()
    opened: Engine
    if engine == "opa":
        server = OpaServerPdp(host, port, clock=time.monotonic)
        opened = ServedEngine(server, present, clock=time.monotonic, hurry=watcher.hurry)
    else:
        opened = LiveEngine(present, instances=instances)
    watches = [BundleWatch(POLICY_BUNDLE, policies.place, policies.read, _kept(keep, opened.take), present, stamp)]
    rules, watch = _operator(policies, instances, keep)
    return PolicyPoint(opened, rules, [*watches, *watch], watcher)


def fixed_pdp(bundle: Bundle, operator: Bundle | None = None) -> PolicyPoint:
    """One bundle and one set of operator's rules in this process, which nothing exchanges: for a replay."""
    rules = None if operator is None else OperatorRules(operator, instances=1, seconds=DECISION_SECONDS)
    return PolicyPoint(LiveEngine(bundle, instances=1), rules, (), Watcher())


def _operator(
    policies: Policies, instances: int, keep: Callable[[Bundle], None]
) -> tuple[OperatorRules | None, Sequence[BundleWatch]]:
    place = policies.operator
    if place is None:
        return None, ()
    stamp, present = stamp_of(place), policies.read_operator()
    if present is None:
        return None, ()
    keep(present)
    rules = OperatorRules(present, instances=instances, seconds=OPERATOR_SECONDS)
    return rules, (BundleWatch(OPERATOR_BUNDLE, place, policies.read_operator, _kept(keep, rules.take), present, stamp),)


def _kept(keep: Callable[[Bundle], None], take: Callable[[Bundle], None]) -> Callable[[Bundle], None]:
    def kept(bundle: Bundle) -> None:
        keep(bundle)
        take(bundle)

    return kept
