"""Alerts by mail, over a real server: with TLS that is checked and a password, or not at all."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.secrets import SecretRef
from gateway.alerts.message import NotSent, mail
from gateway.alerts.rules import Email
from gateway.alerts.send_email import send_email
from gateway.store.alerts import RaisedAlert
from tests.fault_proxy import self_signed
from tests.smtp_server import PASSWORD, USER, SmtpServer, smtp_server

ALERT = RaisedAlert(
    "0193-alert",
    "volume",
    "sis",
    "2026-11-24T13:00:00.000000Z",
    "2026-11-24T13:01:00.000000Z",
    {
        "kind": "volume_above_habit",
        "severity": "high",
        "said": "sis got 2,001 rows on 2026-11-24; usual are up to 2,000 a day.",
        "client": "sis",
        "agreement": "placement-2026",
        "elements": ["candidates.birthDate"],
        "counts": {"rows": "2001", "most": "2000"},
        "entries": ["0193-entry"],
        "institutions": ["lakeside", "riverton"],
    },
    None,
    None,
)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return self_signed(tmp_path)


@pytest.fixture
def server(certificate: Path) -> Iterator[SmtpServer]:
    with smtp_server(certificate) as running:
        yield running


def channel(server: SmtpServer, certificate: Path | None) -> Email:
    people = ("privacy@example.org", "registrar@example.org")
    return Email("127.0.0.1", server.port, "gateway@example.org", people, USER, SecretRef("env", "MAIL"), ca_file=certificate)


def send(through: Email, password: str = PASSWORD) -> None:
    send_email(mail(ALERT, through, "gateway.local/audit/1"), through, lambda _: password)


def refusal(through: Email, password: str = PASSWORD) -> str:
    with pytest.raises(NotSent) as caught:
        send(through, password)
    assert password not in str(caught.value)
    return str(caught.value)


def test_a_mail_arrives_at_every_recipient_and_says_what_happened(server: SmtpServer, certificate: Path) -> None:
    send(channel(server, certificate))
    [(recipients, message)] = server.took
    assert recipients == ["privacy@example.org", "registrar@example.org"]
    assert message["Subject"] == "Gateway alert (high): volume"
    assert message["Message-ID"] == "<0193-alert@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    text = message.get_content()
    for said in ("sis got 2,001 rows", "placement-2026", "candidates.birthDate", "0193-entry", "gateway alerts ack 0193-alert"):
        assert said in text


def test_a_server_that_speaks_tls_from_the_beginning_is_written_to(certificate: Path) -> None:
    with smtp_server(certificate, implicit=True) as server:
        send(replace(channel(server, certificate), implicit=True))
        assert len(server.took) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(server: SmtpServer) -> None:
    assert "certificate that does not hold" in refusal(channel(server, None))
    assert server.took == []


def test_a_server_without_tls_is_never_written_to(certificate: Path) -> None:
    with smtp_server(certificate, starttls=False) as server:
        assert "not sent in clear" in refusal(channel(server, certificate))
        assert server.took == []


def test_a_wrong_password_is_told_without_it(server: SmtpServer, certificate: Path) -> None:
    assert "refused user and password (code 535)" in refusal(channel(server, certificate), "a wrong one")
    assert server.took == []


def test_a_server_that_wants_a_password_and_gets_none_is_told(server: SmtpServer, certificate: Path) -> None:
    nobody = replace(channel(server, certificate), user=None, password=None)
    assert "code 530" in refusal(nobody)


def test_a_recipient_that_is_refused_is_told_without_the_servers_words(server: SmtpServer, certificate: Path) -> None:
    server.refuses = {"registrar@example.org"}
    assert "refused 1 of 2 recipients" in refusal(channel(server, certificate))
    server.refuses |= {"privacy@example.org"}
    said = refusal(channel(server, certificate))
    assert "refused every recipient" in said
    assert "no such person" not in said


def test_a_server_that_is_busy_is_told_by_its_code(server: SmtpServer, certificate: Path) -> None:
    server.says = "451 come back later, hunter2"
    assert "code 451" in refusal(channel(server, certificate))


def test_a_server_that_is_not_there_is_told(certificate: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        gone = SmtpServer(port=taken.getsockname()[1])
        assert "cannot be reached" in refusal(channel(gone, certificate))
