"""The event of what a known client was refused, the same on every surface."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.domain.access import Principal
from gateway.domain.auditing import AuditEvent
from gateway.domain.decision import Question
from gateway.errors import DisclosureDenied, GatewayError

NOTHING: Mapping[str, object] = {}


def refusal_event(
    principal: Principal,
    operation: str,
    why: GatewayError,
    request_id: str,
    named: Mapping[str, object] = NOTHING,
    question: Question | None = None,
) -> AuditEvent:
    """`named` are further members of the leaf, and only what is ours to name: a path, a purpose or an id that the client made up
    could hold anything."""
    rules = {reason.rule for reason in why.reasons} if isinstance(why, DisclosureDenied) else set[str]()
    leaf: dict[str, object] = {
        **principal.on_the_log,
        "decision": "deny",
        "operation": operation,
        **named,
        "code": why.code,
        "rules": sorted(rules),
        "request": request_id,
    }
    return AuditEvent(kind="refusal", leaf=leaf, institutions=(principal.institution,), question=question)
