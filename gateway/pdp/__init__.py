"""PDP: the policy engines, in this process or on an OPA server, behind one protocol."""

from __future__ import annotations

from gateway.pdp.engine import Answer, Pdp
from gateway.pdp.open_engine import Policies, fixed_pdp, open_pdp
from gateway.pdp.point import PolicyPoint

__all__ = ["Answer", "Pdp", "Policies", "PolicyPoint", "fixed_pdp", "open_pdp"]
