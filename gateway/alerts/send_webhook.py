"""Post an alert to an address of the operator's, signed as Standard Webhooks 1.0 say (standardwebhooks.com).

`webhook-id` is the alert's id, the same in every try; `webhook-timestamp` the seconds since 1970 of this try; `webhook-signature`
is `v1,` and the base64 of HMAC-SHA256 over id, timestamp and body, joined by full stops. Who receives it compares the signature
before anything else, and refuses an old timestamp.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import ssl
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx
import stamina

from connectors.deadline import Deadline, deadline_transport, is_forbidden
from connectors.http import BUSY
from connectors.secrets import Secrets
from gateway.alerts.message import NotSent
from gateway.alerts.rules import Webhook

SECONDS = 20.0
TRIES = 3
LONGEST_WAIT = 5.0
PREFIX = "whsec_"
FEWEST, MOST = 24, 64
"""Bytes of a secret, as the specification has it."""
WRONG_SECRET = "The webhook's secret is not the base64 of 24 to 64 bytes. Make one: openssl rand -base64 32"


class _Busy(Exception):
    """Worth another try in this turn."""


def send_webhook(alert_id: str, body: bytes, channel: Webhook, secrets: Secrets, now: datetime) -> None:
    """Post a body; a busy or broken server is asked again, a redirect never followed.

    Raises `NotSent` when it was not taken with a status of 2xx, or may not be asked; `ConfigurationError` when the secret cannot
    be had.
    """
    headers = {"Content-Type": "application/json", "User-Agent": "educator-data-gateway"}
    headers |= signature(alert_id, body, secret_bytes(secrets(channel.secret)), now)
    deadline = Deadline()
    transport = deadline_transport(_context(channel), deadline, _Door(channel).check)
    with httpx.Client(transport=transport, follow_redirects=False, timeout=SECONDS, trust_env=False) as client:
        try:
            for attempt in stamina.retry_context(on=_Busy, attempts=TRIES, timeout=None, wait_initial=0.2, wait_max=LONGEST_WAIT):
                with attempt:
                    deadline.start(SECONDS)
                    _post(client, channel, body, headers)
        except _Busy as why:
            raise NotSent(f"{_shown(channel)} did not take it in {TRIES} tries ({why}).") from None


def signature(alert_id: str, body: bytes, secret: bytes, now: datetime) -> Mapping[str, str]:
    """The headers that prove who posts a body, and when."""
    seconds = str(int(now.timestamp()))
    signed = hmac.new(secret, b".".join((alert_id.encode(), seconds.encode(), body)), hashlib.sha256).digest()
    return {
        "webhook-id": alert_id,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }


def secret_bytes(text: str) -> bytes:
    """The key that a secret's text stands for. Raises `NotSent`."""
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise NotSent(WRONG_SECRET) from None
    if not FEWEST <= len(secret) <= MOST:
        raise NotSent(WRONG_SECRET)
    return secret


def _post(client: httpx.Client, channel: Webhook, body: bytes, headers: Mapping[str, str]) -> None:
    # Each `from None`: an error of the network below may quote a header, or what the server sent.
    try:
        with client.stream("POST", channel.url, content=body, headers=dict(headers)) as response:
            status = response.status_code
    except (httpx.LocalProtocolError, httpx.InvalidURL):
        raise NotSent(f"{_shown(channel)} cannot be asked: the address holds a character that HTTP does not allow.") from None
    except httpx.HTTPError as why:
        if _is_certificate(why):
            raise NotSent(
                f"{_shown(channel)}: the certificate does not hold. Have it renewed, or name the file of its issuer as ca_file."
            ) from None
        raise _Busy(type(why).__name__) from None
    if status in BUSY or status == HTTPStatus.INTERNAL_SERVER_ERROR:
        raise _Busy(f"status {status}")
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        moved = "; it leads elsewhere, which is not followed: write the right address" if status < HTTPStatus.BAD_REQUEST else ""
        raise NotSent(f"{_shown(channel)} answered with status {status}{moved}.")


class _Door:
    """Where a channel may lead: a name that somebody else keeps may point into the operator's own network."""

    def __init__(self, channel: Webhook) -> None:
        self._channel = channel

    def check(self, host: str, port: int, address: str) -> None:
        """Called with the address that was reached, before anything is sent. Raises `NotSent`."""
        if not is_allowed(address, loopback=self._channel.loopback, private=self._channel.private):
            raise NotSent(
                f"{host}:{port} is on this machine or in a network that is not public; refused. If that is right, write "
                "allow: [private] or allow: [loopback] in the webhook."
            )


def is_allowed(address: str, *, loopback: bool, private: bool) -> bool:
    """Whether a webhook may be posted to an IP address."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if is_forbidden(address):
        return False
    if found.is_loopback:
        return loopback
    return found.is_global or private


def _context(channel: Webhook) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if channel.ca_file is not None:
        try:
            context.load_verify_locations(channel.ca_file)
        except OSError:
            raise NotSent(f"{channel.ca_file} holds no certificates that can be read: name another as ca_file.") from None
    return context


def _shown(channel: Webhook) -> str:
    """The address as it may stand in a log line: its path or query may be a secret."""
    parts = urlsplit(channel.url)
    return f"{parts.scheme}://{parts.netloc}"


def _is_certificate(why: BaseException | None) -> bool:
    while why is not None:
        if isinstance(why, ssl.SSLCertVerificationError):
            return True
        why = why.__cause__ or why.__context__
    return False
