"""Counters: bounded in what they name."""

from __future__ import annotations

from gateway.domain.auditing import AuditEvent
from gateway.errors import DisclosureDenied, Reason, StorageFailed, Unavailable
from gateway.metrics.meters import Meters


def refusal(*rules: str) -> AuditEvent:
    return AuditEvent(kind="refusal", leaf={"code": "GW-DEN-01", "rules": list(rules)})


def test_an_operators_own_rules_count_as_one_as_they_may_say_anything() -> None:
    meters = Meters()
    meters.appended([refusal("X-LASTNAME-MILLER", "F-31-A6-1"), refusal("X-LASTNAME-JONES")], 0.01, None)
    found = meters.registry.get_sample_value
    assert found("gateway_refusal_rules_total", {"rule": "X"}) == 2
    assert found("gateway_refusal_rules_total", {"rule": "F-31-A6-1"}) == 1
    assert found("gateway_refusals_total", {"code": "GW-DEN-01"}) == 2


def test_what_is_not_on_the_log_is_not_counted_as_disclosed_or_refused() -> None:
    meters = Meters()
    disclosure = AuditEvent(kind="disclosure", leaf={"operation": "read"})
    for error in (Unavailable("away"), StorageFailed("disk")):
        meters.appended([disclosure], 0.01, error)
    meters.appended([disclosure], 0.01, DisclosureDenied((Reason("GW-AUD-01", "", ""),)))
    found = meters.registry.get_sample_value
    assert found("gateway_disclosures_total", {"operation": "read"}) is None
    assert found("gateway_audit_append_failures_total") == 2, "the log was well when the state had moved"
    assert found("gateway_audit_append_duration_seconds_count") == 0


def test_two_processes_or_tests_share_no_counter() -> None:
    first, second = Meters(), Meters()
    first.answered("/healthz", "GET", 200, 0.001)
    assert (
        second.registry.get_sample_value("gateway_requests_total", {"route": "/healthz", "method": "GET", "status": "2xx"}) is None
    )
