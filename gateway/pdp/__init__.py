"""PDP: the policy engines, in this process or on an OPA server, behind one protocol."""

from __future__ import annotations

from gateway.pdp.engine import Pdp
from gateway.pdp.open_engine import open_pdp

__all__ = ["Pdp", "open_pdp"]
