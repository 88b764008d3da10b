"""The life of an agreement by commands and over HTTP, in two server processes at once: each step acts on the very next answer of
both, for a token that was issued before."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from gateway.cli import main
from gateway.demo.extracts import write_extracts
from tests.databases import free_port
from tests.journeys.cli import Operator, operator, token_by_secret
from tests.signing import LESS, MOU, small_pdf, text_of, written
from tests.world import DEMO, EXAMPLE, SMALL

OPERATION = EXAMPLE.with_name("lakeside-operation.yaml")
ZONE = ZoneInfo("America/Chicago")
"""The agreements' own: a day there may not have begun when it has in UTC."""
TERM = "{from: 2026-07-01, until: 2027-06-30}"


def days(text: str) -> str:
    """With a term around today: these processes have the machine's own clock."""
    today = datetime.now(ZONE).date()
    assert TERM in text
    return text.replace(TERM, f"{{from: {today - timedelta(days=30)}, until: {today + timedelta(days=30)}}}")


@dataclass(frozen=True)
class Road:
    """Everybody on the road: the operator, both servers, and a token of each system."""

    folder: Path
    operator: Operator
    servers: tuple[httpx.Client, httpx.Client]
    tokens: dict[str, str]

    def run(self, *arguments: str, expect: int = 0) -> str:
        """Run `gateway ...` as its program does, but here: forty starts of an interpreter would take minutes."""
        printed = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed), redirect_stderr(printed):
            for name, text in self.operator.environment.items():
                patch.setenv(name, text)
            patch.setattr(sys, "argv", ["gateway", *arguments])
            with pytest.raises(SystemExit) as ended:
                main()
        assert ended.value.code == expect, printed.getvalue()
        return printed.getvalue()

    def post(self, server: int, who: str, path: str, body: bytes = b"", kind: str = "", **parameters: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.tokens[who]}", "Content-Type": kind or "application/octet-stream"}
        answer = self.servers[server].post(path, content=body, headers=headers, params=parameters or None)
        assert answer.is_success, answer.text
        return dict(answer.json())

    def records(self) -> list[list[dict[str, Any]]]:
        """What each server gives the district's system, which it must give."""
        answers = [self._ask(server) for server in self.servers]
        assert [answer.status_code for answer in answers] == [200, 200], [answer.text for answer in answers]
        return [answer.json()["data"] for answer in answers]

    def refused(self) -> list[list[str]]:
        """The rules by which each server refuses it, which it must do, with nothing disclosed."""
        answers = [self._ask(server) for server in self.servers]
        assert [answer.status_code for answer in answers] == [403, 403], [answer.text for answer in answers]
        assert all("data" not in answer.json() for answer in answers)
        return [[reason["rule"] for reason in answer.json()["reasons"]] for answer in answers]

    def _ask(self, server: httpx.Client) -> httpx.Response:
        return server.get(
            "/v1/candidates", params={"limit": "5"}, headers={"Authorization": f"Bearer {self.tokens['riverton-sis']}"}
        )


@pytest.fixture
def road(tmp_path: Path, database_url: str) -> Iterator[Road]:
    extracts = tmp_path / "extracts"
    write_extracts(extracts, SMALL)
    first = operator(tmp_path / "home", database_url, DEMO_EXTRACTS=str(extracts), GATEWAY_STATE_MODULES="personnel-default")
    second = Operator(first.home, database_url, free_port(), more=(*first.more, ("GATEWAY_ISSUER", first.address)))
    first.run("db", "upgrade")
    secrets: dict[str, str] = {}
    for name, institution, scopes in (
        ("riverton-sis", "riverton", ("records:read",)),
        ("riverton-system", "riverton", ("agreements:read", "agreements:write", "agreements:sign")),
        ("lakeside-system", "lakeside", ("agreements:read", "agreements:write", "agreements:sign")),
    ):
        scoped = [word for scope in scopes for word in ("--scope", scope)]
        named = ("--institution", institution, "--title", name, "--purpose", "placement", "--secret")
        secrets[name] = first.run("client", "add", name, *named, *scoped).split()[-1]
    with ExitStack() as stack:
        servers = (stack.enter_context(first.serving()), stack.enter_context(second.serving()))
        tokens = {name: token_by_secret(servers[0], name, secret) for name, secret in secrets.items()}
        yield Road(tmp_path, first, servers, tokens)


def digest_in(printed: str) -> str:
    found = re.search(r"\b[0-9a-f]{64}\b", printed)
    assert found
    return found[0]


def test_every_step_acts_on_the_next_answer_of_every_process(road: Road) -> None:
    keys = road.folder / "dana.pem", road.folder / "sam.pem"
    people = (("dana", "lakeside", "Provost"), ("sam", "riverton", "Superintendent"))
    for (person, institution, title), key in zip(people, keys, strict=True):
        named = ("--institution", institution, "--name", person.title(), "--title", title)
        assert "is signatory of" in road.run("signatory", "add", person, *named, "--new-key", str(key))
        assert key.stat().st_mode & 0o777 == 0o600
    road.run("signatory", "add", "lee", "--institution", "riverton", "--name", "Lee", "--title", "Clerk", "--role", "steward")
    assert road.run("signatory", "list").count("lakeside") == 1
    road.run("agreement", "activate", str(written(road.folder, "operation.yaml", days(OPERATION.read_text()).encode())))

    # Proposed by a command, signed by each side in another way, put in force.
    file = written(road.folder, "mou.yaml", days(text_of()).encode())
    digest = digest_in(road.run("agreement", "digest", str(file)))
    assert road.refused() == [["GW-AGR-01"]] * 2
    assert digest in road.run("agreement", "propose", str(file))
    assert road.refused() == [["GW-AGR-02"]] * 2
    changed = written(road.folder, "changed.yaml", days(text_of(LESS)).encode())
    dana = ("--as", "lakeside/dana", "--key", str(keys[0]))
    printed = road.run("agreement", "sign", MOU, *dana, "--file", str(changed), expect=5)
    assert digest in printed and digest_in(road.run("agreement", "digest", str(changed))) in printed
    assert "Still to sign: riverton" in road.run("agreement", "sign", MOU, *dana, "--file", str(file))
    offline = road.folder / "sam.signature.json"
    sam = ("--as", "riverton/sam", "--key", str(keys[1]))
    road.run("agreement", "sign", str(file), "--offline", *sam, "--version", "1", "--out", str(offline))
    handed = road.post(1, "riverton-system", f"/agreements/{MOU}/signatures", offline.read_bytes(), "application/json")
    assert (handed["state"], handed["digest"]) == ("signed", digest)
    assert road.refused() == [["GW-AGR-02"]] * 2
    assert "is in force" in road.run("agreement", "activate", MOU)
    road.run("sync", str(DEMO / "lakeside.source.yaml"))
    first = road.records()
    assert first[0] == first[1] and all("lastSurname" in record for record in first[0])

    # Suspended and resumed, by a command and by each system at the other server.
    road.run("agreement", "suspend", MOU)
    assert road.refused() == [["GW-AGR-02"]] * 2
    road.run("agreement", "resume", MOU)
    assert road.records() == first
    road.post(0, "lakeside-system", f"/agreements/{MOU}/suspend")
    assert road.refused() == [["GW-AGR-02"]] * 2
    assert "only lakeside may resume" in road.run("agreement", "resume", MOU, expect=5)
    road.post(1, "lakeside-system", f"/agreements/{MOU}/resume")
    assert road.records() == first

    # Amended: in force is the old version until the new one is, and never both or none.
    second = road.post(1, "lakeside-system", "/agreements", changed.read_bytes(), "application/yaml")["data"][0]
    assert (second["version"], second["amends"]) == (2, 1)
    road.run("agreement", "sign", MOU, "--as", "dana", "--key", str(keys[0]))
    paper = {"steward": "lee", "signed_on": datetime.now(ZONE).date().isoformat()}
    executed = small_pdf("Signed in ink.", second["digest"])
    attested = road.post(0, "riverton-system", f"/agreements/{MOU}/attestations", executed, "application/pdf", **paper)
    assert (attested["state"], attested["digest_found_in_text"]) == ("signed", True)
    assert road.records() == first
    assert "Version 1 ended with it" in road.run("agreement", "activate", MOU)
    less = road.records()
    assert less[0] == less[1] and not any("lastSurname" in record for record in less[0])

    # Ended for good.
    road.post(1, "riverton-system", f"/agreements/{MOU}/terminate")
    assert road.refused() == [["GW-AGR-02"]] * 2
    for verb in ("resume", "suspend", "terminate", "activate"):
        assert "version 2 is terminated" in road.run("agreement", verb, MOU, expect=5)
    assert "parties sign lakeside-riverton themselves" in road.run("agreement", "activate", str(file), expect=5)

    # What is on record.
    told = road.run("agreement", "history", MOU)
    assert told.count("the Ed25519 signature verifies") == 3
    assert "superseded by version 2" in told and "its text holds the digest" in told and "NOT VALID" not in told
    shown = road.run("agreement", "show", MOU)
    assert second["digest"] in shown and attested["document"] in shown
    assert json.loads(road.run("agreement", "show", MOU, "--text"))["id"] == MOU
    out = road.folder / "executed.pdf"
    road.run("agreement", "document", MOU, attested["document"], "--out", str(out))
    assert out.read_bytes() == executed
    assert "No agreement that is in force" in road.run("agreement", "expire")
    assert "version 2 is terminated" in road.run("agreement", "expire", MOU, expect=5)
    assert "The log is whole" in road.run("audit", "verify")


def test_a_proposal_is_withdrawn_and_a_signatory_retired(road: Road) -> None:
    key = road.folder / "dana.pem"
    named = ("--institution", "lakeside", "--name", "Dana", "--title", "Provost")
    road.run("signatory", "add", "dana", *named, "--new-key", str(key))
    assert "cannot be made" in road.run("signatory", "add", "kim", *named, "--new-key", str(key), expect=2)
    assert "signs with a key" in road.run("signatory", "add", "kim", *named, expect=2)
    file = written(road.folder, "mou.yaml", days(text_of()).encode())
    road.run("agreement", "propose", str(file))
    assert "is terminated" in road.run("agreement", "withdraw", MOU, "--for", "riverton")
    assert "version 2 is proposed" in road.run("agreement", "propose", str(file), "--only", MOU)
    assert "has no agreement other" in road.run("agreement", "propose", str(file), "--only", "other", expect=2)
    assert "is retired" in road.run("signatory", "retire", "dana", "--institution", "lakeside")
    assert "not exactly one signatory dana" in road.run("agreement", "sign", MOU, "--as", "dana", "--key", str(key), expect=2)
    assert "no signatory dana now" in road.run("agreement", "sign", MOU, "--as", "lakeside/dana", "--key", str(key), expect=5)
    told = road.run("agreement", "history", MOU)
    assert "withdrawn" in told and "riverton/operator" in told
