"""What one process did since it began: answers, entries on the log, disclosures and refusals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from gateway.domain.auditing import AuditEvent
from gateway.errors import AuthenticationError, DisclosureDenied, GatewayError

ANSWER_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
APPEND_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
OPERATORS_RULES, OPERATORS = "X-", "X"
"""The operator's own rules count as one: their Rego can make an id from anything that it was asked."""


class Meters:
    """The counters of one process in a registry of their own. It is the log's `Listener`, and `answered` is the edge's."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._answers = Counter(
            "gateway_requests",
            "Answers by the route's template, method and class of status.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self._answer_seconds = Histogram(
            "gateway_request_duration_seconds",
            "From a request's head to the beginning of its answer.",
            ("route", "method"),
            buckets=ANSWER_SECONDS,
            registry=self.registry,
        )
        self._append_seconds = Histogram(
            "gateway_audit_append_duration_seconds",
            "From an answer's events to durable entries on the audit log.",
            buckets=APPEND_SECONDS,
            registry=self.registry,
        )
        self._append_failures = Counter(
            "gateway_audit_append_failures",
            "Appends to the audit log that failed; what has no entry is not answered.",
            registry=self.registry,
        )
        self._disclosures = Counter(
            "gateway_disclosures",
            "Disclosures on the audit log, by operation.",
            ("operation",),
            registry=self.registry,
        )
        self._refusals = Counter("gateway_refusals", "Refusals, by the code of the error.", ("code",), registry=self.registry)
        self._rules = Counter(
            "gateway_refusal_rules",
            "Refusals by the rule that was held against a request; one refusal may have several.",
            ("rule",),
            registry=self.registry,
        )

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """One answer began, `seconds` after its request."""
        self._answers.labels(route, method, f"{status // 100}xx").inc()
        self._answer_seconds.labels(route, method).observe(seconds)

    def appended(self, events: Sequence[AuditEvent], seconds: float, error: GatewayError | None) -> None:
        """The events of one answer are on the log, or are not. What changed meanwhile or passed a limit is a refusal with an
        entry of its own."""
        if error is None:
            self._append_seconds.observe(seconds)
            for event in events:
                self._count(event)
        elif not isinstance(error, DisclosureDenied):
            self._append_failures.inc()

    def refused_anonymously(self, kind: str) -> None:
        """Somebody unknown was refused, whatever it was that they wanted."""
        self._refusals.labels(AuthenticationError.code).inc()

    def watch_pool(self, connections: Callable[[], tuple[int, int]]) -> None:
        """Tell at each scrape how many database connections are at work, of how many."""
        in_use = Gauge(
            "gateway_database_connections_in_use", "Database connections of this process at work now.", registry=self.registry
        )
        most = Gauge("gateway_database_connections_max", "Database connections that there may be.", registry=self.registry)
        in_use.set_function(lambda: connections()[0])
        most.set_function(lambda: connections()[1])

    def _count(self, event: AuditEvent) -> None:
        if event.kind == "disclosure":
            self._disclosures.labels(str(event.leaf["operation"])).inc()
        elif event.kind == "refusal":
            self._refusals.labels(str(event.leaf["code"])).inc()
            rules = event.leaf.get("rules", ())
            for rule in rules if isinstance(rules, list) else ():
                self._rules.labels(OPERATORS if rule.startswith(OPERATORS_RULES) else rule).inc()
