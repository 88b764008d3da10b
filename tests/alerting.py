"""Alerts of a world, turn by turn: what is raised, and what a channel was told or did not take."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from gateway.alerts.message import NotSent
from gateway.alerts.read_rules import read_rules_file
from gateway.alerts.rules import Alert, AlertRules, Channel
from gateway.alerts.watch import AlertDesk, watch
from gateway.app import new_id
from gateway.store.alerts import RaisedAlert
from tests.world import World


@dataclass
class Alerting:
    """A desk over a world. `sent` are (alert, channel's kind) that were taken; while `broken`, a channel takes nothing."""

    world: World
    rules: AlertRules
    sent: list[tuple[str, str]] = field(default_factory=list)
    tries: int = 0
    broken: bool = False

    @property
    def desk(self) -> AlertDesk:
        gateway = self.world.gateway
        return AlertDesk(gateway.database, gateway.log_id, gateway.log, self.world.clock, new_id, self.send)

    def send(self, alert: RaisedAlert, channel: Channel) -> None:
        self.tries += 1
        if self.broken:
            raise NotSent("it is broken")
        self.sent.append((alert.id, type(channel).__name__))

    def turn(self, **later: float) -> tuple[Alert, ...]:
        """The turn of the next minute, or of so much later."""
        self.world.later(**(later or {"minutes": 1}))
        raised = watch(self.rules, self.desk)
        assert raised is not None
        return raised


def rules_of(folder: Path, text: str) -> AlertRules:
    """The rules of a file with this text."""
    file = folder / "alerts.yaml"
    file.write_text(text, encoding="utf-8")
    return read_rules_file(file, {})
