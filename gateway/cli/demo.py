"""`gateway demo`: the whole road in one walk, checked at every step."""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import httpx
import jwt
import typer
from rich.console import Console

from gateway.accountability.query import find, newest
from gateway.agreements.activate import activate
from gateway.agreements.read_agreement import read_agreement
from gateway.app import Gateway, open_gateway
from gateway.cli.console import open_console
from gateway.cli.source.files import read_source
from gateway.cli.source.run import pull
from gateway.clients import KeyPair, NewClient, Secret, add_client
from gateway.demo.extracts import write_extracts
from gateway.errors import GatewayError
from gateway.prepare import prepare
from gateway.settings import Settings
from gateway.shipped import shipped

HOME = Path("gateway-demo")
MARK = "made-by-gateway-demo"
WITHHELD = ("birthDate", "sexDescriptor", "races", "hispanicLatinoEthnicity", "disabilities", "economicDisadvantageDescriptor")
START_SECONDS = 60
ASSERTION_SECONDS = 60
FOLDER = Path(__file__).resolve().parents[1] / "demo"


class DemoFailed(GatewayError):
    """A step did not do what it says."""

    code = "GW-DEMO-01"
    title = "The demonstration failed"


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the walk instead of serving on.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 8080,
) -> None:
    """Walk the whole road with two fictional institutions, then keep serving."""
    _check_port(port)
    with _fresh_home() as home:
        settings = Settings(
            home=home,
            database_url="",
            key_file=None,
            host="127.0.0.1",
            port=port,
            issuer=f"http://127.0.0.1:{port}",
            allowed_hosts="127.0.0.1",
            pdp="embedded",
            state_modules="personnel-default",
        )
        _walk(settings, open_console(), once=once)


def _walk(settings: Settings, console: Console, *, once: bool) -> None:
    console.rule("1. A database, its key file and an empty audit log")
    prepare(settings)
    console.print(f"{settings.home}/gateway.db (SQLite, migrated by Alembic), {settings.keys} (mode 0600)")
    with open_gateway(settings) as gateway:
        private_key, secret = _prepare_records(gateway, console)
        with _serving(settings, console) as server, httpx.Client(base_url=settings.issuer, timeout=30) as client:
            _ask(gateway, client, _token(client, settings.issuer, private_key), console)
            console.rule("7. The log, verified")
            verified = gateway.verify_log()
            console.print(f"{verified.checkpoint.size} entries, every hash and the signed root recomputed: the log is whole.")
            if not once:
                _say_what_next(settings, secret, console)
                server.wait()


def _check_port(port: int) -> None:
    """Look before anything is made: whatever listens there would be taken for the demo's own gateway."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as why:
            raise DemoFailed(
                f"Port {port} of 127.0.0.1 cannot be used ({why.strerror}). End what uses it, or choose another: "
                "make demo PORT=8090, or gateway demo --port 8090."
            ) from why


@contextmanager
def _fresh_home() -> Iterator[Path]:
    """The demo's own folder, emptied, and held while the demo runs; a folder that the demo did not make is left alone."""
    mark = HOME / MARK
    if HOME.exists():
        if not mark.exists():
            raise DemoFailed(f"{HOME}/ exists and was not made by the demo. Move it away, or run the demo in another folder.")
        with mark.open() as held:
            _hold(held)
            shutil.rmtree(HOME)
    HOME.mkdir(mode=0o700)
    mark.touch()
    with mark.open() as held:
        _hold(held)
        yield HOME.resolve()


def _hold(mark: TextIO) -> None:
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as why:
        raise DemoFailed(f"Another demo serves from {HOME}/. End it with Ctrl-C, or run this one in another folder.") from why


def _prepare_records(gateway: Gateway, console: Console) -> tuple[str, str]:
    """Extracts, agreements, clients and the two syncs; gives the district's private key and a secret for curl."""
    home = gateway.settings.home
    console.rule("2. Two institutions' extracts")
    extracts = home / "extracts"
    write_extracts(extracts)
    for file in sorted(extracts.glob("*/*.csv")):
        console.print(f"{file.relative_to(home)}  {file.stat().st_size:,} bytes")
    console.rule("3. One agreement in force, who runs the gateway agreed on, and the district's system registered")
    for name in ("lakeside-operation", "riverton-operation", "lakeside-riverton"):
        agreement = read_agreement(shipped("policies") / "agreements" / f"{name}.yaml", gateway.catalog)
        activation = activate(agreement, "demo operator", gateway.registry())
        console.print(f"{agreement.id} version {activation.version}: {agreement.title}.")
    console.print("What an agreement does not name is withheld; without its operation agreement nothing of a provider is pulled.")
    district = NewClient("riverton-sis", "riverton", "Riverton's HR system", ("placement", "hiring"), "placement")
    private_key = add_client(district, KeyPair(), gateway.desk()).private_key
    curl = NewClient("riverton-curl", "riverton", "Somebody at Riverton with curl", ("placement", "hiring"), "placement")
    secret = add_client(curl, Secret(), gateway.desk()).secret
    if private_key is None or secret is None:
        raise DemoFailed("The clients have no credentials.")
    console.rule("4. The extracts, pulled through connectors")
    os.environ["DEMO_EXTRACTS"] = str(extracts)
    loaded = quarantined = 0
    for name in ("lakeside", "riverton"):
        for report in pull(gateway, read_source(FOLDER / f"{name}.source.yaml", gateway.catalog), console):
            loaded += report.counts.inserted
            quarantined += report.quarantined
    _check(loaded > 10_000, "thousands of records are loaded")  # noqa: PLR2004
    _check(0 < quarantined < loaded // 100, "the few broken rows are in quarantine")
    return private_key, secret


@contextmanager
def _serving(settings: Settings, console: Console) -> Iterator[subprocess.Popen[bytes]]:
    """`gateway serve` in a process of its own, as an operator starts it."""
    console.rule("5. The gateway, serving")
    environment = {name: text for name, text in os.environ.items() if not name.startswith("GATEWAY_")} | {
        "GATEWAY_HOME": str(settings.home),
        "GATEWAY_PORT": str(settings.port),
        "GATEWAY_ISSUER": settings.issuer,
        "GATEWAY_STATE_MODULES": settings.state_modules,
    }
    server = subprocess.Popen([sys.executable, "-m", "gateway", "serve"], env=environment)
    try:
        _await_ready(settings.issuer, server)
        console.print(f"{settings.issuer} is ready")
        yield server
    finally:
        server.terminate()
        server.wait()


def _await_ready(address: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            if httpx.get(f"{address}/readyz").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise DemoFailed(f"The gateway did not start on {address}. What it said stands above.")


def _token(client: httpx.Client, issuer: str, private_key: str) -> str:
    """An access token for the district's system, by a signed assertion (private_key_jwt)."""
    now = int(time.time())
    claims = {
        "iss": "riverton-sis",
        "sub": "riverton-sis",
        "aud": issuer,
        "jti": os.urandom(16).hex(),
        "iat": now,
        "exp": now + ASSERTION_SECONDS,
    }
    answer = client.post(
        "/oauth/token",
        data={
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode(claims, private_key, algorithm="EdDSA"),
        },
    )
    _check(answer.status_code == httpx.codes.OK, "the district's system gets a token")
    return str(answer.json()["access_token"])


def _ask(gateway: Gateway, client: httpx.Client, token: str, console: Console) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    console.rule("6. A permitted request, a refused one, and what the log says of both")
    path = "/v1/candidates?purpose=placement&limit=2"
    permitted = client.get(path, headers=headers)
    console.print(f"GET {path}\n{permitted.status_code}, entry {permitted.headers.get('gateway-entry')}")
    _check(permitted.status_code == httpx.codes.OK, "the permitted request is answered")
    body = permitted.json()
    console.print_json(permitted.text)
    for record in body["data"]:
        _check(not set(WITHHELD) & record.keys(), "nothing that the agreement withholds is in the answer")
        _check(len(record["candidateIdentifier"]) == 32, "the candidate's number is a pseudonym")  # noqa: PLR2004
    path = "/v1/candidates?purpose=hiring"
    refused = client.get(path, headers=headers)
    console.print(f"\nGET {path}\n{refused.status_code}")
    console.print_json(refused.text)
    _check(refused.status_code == httpx.codes.FORBIDDEN, "the request without an agreement is refused")
    reason = refused.json()["reasons"][0]
    _check(bool(reason["rule"] and reason["citation"]), "the refusal names its rule and citation")
    console.print("\nThe entries of these two:")
    disclosed = find(gateway.database, gateway.log_id, permitted.headers["gateway-entry"])
    last = [leaf for _, leaf in newest(gateway.database, gateway.log_id, 5) if leaf["kind"] == "refusal"]
    _check(bool(last) and last[-1]["request"] == refused.headers["gateway-request"], "the refusal is on the log")
    for leaf in (disclosed.leaf, last[-1]):
        console.print_json(json.dumps(_shortened(leaf)))


def _shortened(leaf: Mapping[str, object]) -> dict[str, object]:
    return {
        name: f"{len(value)} elements" if name == "withheld" and isinstance(value, list) else value for name, value in leaf.items()
    }


def _say_what_next(settings: Settings, secret: str, console: Console) -> None:
    command = Path(sys.executable).with_name("gateway")
    ask = f'curl -H "Authorization: Bearer $TOKEN" \'{settings.issuer}/v1'
    console.rule("Try next, in another terminal (Ctrl-C here ends the gateway)")
    console.print(
        "A token for the district, good for ten minutes:\n"
        f"  TOKEN=$(curl -s -u riverton-curl:{secret} -d grant_type=client_credentials {settings.issuer}/oauth/token"
        " | python3 -c 'import json,sys; print(json.load(sys.stdin)[\"access_token\"])')\n"
        "Permitted, who is placed in which school:\n"
        f"  {ask}/fieldworkExperiences?limit=3'\n"
        "Refused, because a birth date that is withheld cannot be asked about either:\n"
        f"  {ask}/candidates?birthDate=2001-09-01'\n"
        "What the log says of these, that nothing in it was changed, and which rows of the extracts were refused:\n"
        f"  export GATEWAY_HOME={shlex.quote(str(settings.home))} GATEWAY_STATE_MODULES={settings.state_modules}\n"
        f"  {command} audit show\n"
        f"  {command} audit verify\n"
        f"  {command} source quarantine lakeside",
    )


def _check(holds: bool, claim: str) -> None:
    if not holds:
        raise DemoFailed(f"It does not hold that {claim}.")
