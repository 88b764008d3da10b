"""Open the policy engine that the settings name."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

from gateway.pdp.embedded import EmbeddedPdp
from gateway.pdp.engine import Pdp
from gateway.pdp.opa_server import OpaServerPdp
from gateway.pdp.read_bundle import read_bundle
from gateway.shipped import shipped


def open_pdp(
    engine: Literal["embedded", "opa"] = "embedded",
    bundle: Path | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 8181,
    instances: int = 4,
) -> Pdp:
    """The engine over a bundle (the shipped one by default); `host` and `port` are an OPA server's.

    Raises `ConfigurationError` when the bundle is missing, `IntegrityError` when it does not verify.
    """
    verified = read_bundle(bundle or shipped("policies") / "bundle")
    if engine == "opa":
        return OpaServerPdp(host, port, verified.digest, clock=time.monotonic)
    return EmbeddedPdp(verified, instances=instances)
