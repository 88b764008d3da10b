"""Open the policy engine that the settings name, with the bundles that they name."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gateway.errors import ConfigurationError
from gateway.pdp.embedded import DECISION_SECONDS
from gateway.pdp.live import LiveEngine
from gateway.pdp.opa_server import OpaServerPdp, ServedEngine
from gateway.pdp.operator import OperatorRules
from gateway.pdp.point import Engine, PolicyPoint
from gateway.pdp.read_bundle import Bundle, read_bundle, read_operator_bundle
from gateway.pdp.signature import BundleKey, read_bundle_key
from gateway.pdp.watch import BundleWatch, Watcher, stamp_of
from gateway.shipped import shipped

OPERATOR_SECONDS = 0.3
"""For the operator's rules: with a policy that takes all its time, a request is still answered within two seconds."""

POLICY_BUNDLE, OPERATOR_BUNDLE = "policy_bundle", "operator_bundle"


@dataclass(frozen=True)
class Policies:
    """Where the policies are: the bundle (None: the shipped one), the operator's own rules, the public key that both must be
    signed by, and the state-law modules that decisions name. An archive or folder each, a PEM file, names."""

    bundle: Path | None = None
    operator: Path | None = None
    key: Path | None = None
    modules: tuple[str, ...] = ()

    @property
    def place(self) -> Path:
        """The bundle's place."""
        return self.bundle or shipped("policies") / "bundle"

    def read(self) -> Bundle:
        """The bundle, verified. Raises `ConfigurationError` when something is missing, also a module; `IntegrityError` when it
        does not verify."""
        found = read_bundle(self.place, self._key())
        unknown = sorted(set(self.modules) - found.modules)
        if unknown:
            raise ConfigurationError(
                f"GATEWAY_STATE_MODULES names {', '.join(unknown)}, which the policy bundle does not have. "
                f"It has: {', '.join(sorted(found.modules)) or 'none'}."
            )
        return found

    def read_operator(self) -> Bundle | None:
        """The operator's rules, verified; None where there are none. Raises as `read` does."""
        return None if self.operator is None else read_operator_bundle(self.operator, self._key())

    def _key(self) -> BundleKey | None:
        return None if self.key is None else read_bundle_key(self.key)


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
