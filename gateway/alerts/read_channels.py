"""Read the channels of a rules file: mail servers and addresses that alerts are posted to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ruamel.yaml.nodes import Node

from connectors.place import Place
from connectors.place_rules import read_filled, read_path
from connectors.secrets import SecretRef, read_secret
from gateway.alerts.rules import NAME, Channel, Email, Webhook
from gateway.domain.yaml_nodes import Entry, NodeReader

WAYS = ("email", "webhook")
EMAIL = ("host", "port", "tls", "user", "password", "from", "to", "ca_file")
WEBHOOK = ("url", "secret", "allow", "ca_file")
TLS = ("starttls", "implicit")
ALLOWED = ("loopback", "private")
LOG = "log"
SUBMISSION, SUBMISSIONS = 587, 465
_HIGHEST_PORT = 65_535
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")
_HOST = re.compile(r"[A-Za-z0-9.:-]{1,253}")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def read_channels(reader: NodeReader, node: Node, place: Place) -> Mapping[str, Channel | None]:
    """The channels by name; None for one that has a mistake."""
    return {entry.name: _channel(reader, entry, place) for entry in reader.entries(node, "channels").values()}


def _channel(reader: NodeReader, entry: Entry, place: Place) -> Channel | None:
    if entry.name == LOG:
        reader.problem(entry.key, "the log is always told and is no channel", "leave it out, or choose another name")
    elif not NAME.fullmatch(entry.name):
        reader.problem(entry.key, f'"{entry.name}" is not the name of a channel', "use small letters, digits and inner hyphens")
    ways = reader.entries(entry.value, "a channel", WAYS)
    if len(ways) != 1:
        reader.problem(
            entry.value, "a channel must be either email or webhook", "write email: or webhook: and its members under it"
        )
        return None
    [way] = ways.values()
    return _email(reader, way.value, place) if way.name == "email" else _webhook(reader, way.value, place)


def _email(reader: NodeReader, node: Node, place: Place) -> Email | None:
    members = reader.entries(node, "email", EMAIL, ("host", "from", "to"))
    before = len(reader.problems)
    host = read_filled(reader, members["host"].value, place, "host") if "host" in members else None
    if host is not None and not _HOST.fullmatch(host):
        reader.problem(members["host"].value, f'"{host}" is not the name of a machine', "write it as in mail.example.org")
    tls = reader.choice(members["tls"].value, "tls", TLS, "mail is never sent in clear") if "tls" in members else TLS[0]
    port = reader.whole(members["port"].value, "port", 1, _HIGHEST_PORT) if "port" in members else None
    sender = _address(reader, members["from"].value, "from") if "from" in members else None
    to = _addresses(reader, members["to"].value) if "to" in members else ()
    user = read_filled(reader, members["user"].value, place, "user") if "user" in members else None
    password = read_secret(reader, members["password"].value, "password", place) if "password" in members else None
    if ("user" in members) != ("password" in members):
        missing = "password" if "user" in members else "user"
        reader.problem(node, f'email lacks "{missing}"', "write user and password, or neither of them")
    ca_file = read_path(reader, members["ca_file"].value, place, "ca_file") if "ca_file" in members else None
    if len(reader.problems) > before or host is None or sender is None:
        return None
    implicit = tls == "implicit"
    return Email(host, port or (SUBMISSIONS if implicit else SUBMISSION), sender, to, user, password, implicit, ca_file)


def _webhook(reader: NodeReader, node: Node, place: Place) -> Webhook | None:
    members = reader.entries(node, "webhook", WEBHOOK, ("url", "secret"))
    before = len(reader.problems)
    allowed = (
        [reader.choice(item, "place that a webhook may be at", ALLOWED) for item in reader.items(members["allow"].value, "allow")]
        if "allow" in members
        else []
    )
    url = read_filled(reader, members["url"].value, place, "url") if "url" in members else None
    if url is not None:
        _check_url(reader, members["url"].value, url, loopback="loopback" in allowed)
    secret: SecretRef | None = read_secret(reader, members["secret"].value, "secret", place) if "secret" in members else None
    ca_file = read_path(reader, members["ca_file"].value, place, "ca_file") if "ca_file" in members else None
    if len(reader.problems) > before or url is None or secret is None:
        return None
    return Webhook(url, secret, "loopback" in allowed, "private" in allowed, ca_file)


def _check_url(reader: NodeReader, node: Node, url: str, *, loopback: bool) -> None:
    try:
        parts: Any = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("https", "http"):
        reader.problem(node, "url must be an address", "begin it with https://")
    elif parts.username is not None or parts.password is not None or parts.fragment:
        reader.problem(node, "url holds a user, a password or a #", "leave them out; who posts shows by the signature")
    elif parts.scheme == "http" and not (loopback and host in _LOOPBACK):
        fix = "write https://" if host not in _LOOPBACK else "write https://, or allow: [loopback] beside it"
        reader.problem(node, "url must begin with https://: alerts would cross the network in clear", fix)


def _addresses(reader: NodeReader, node: Node) -> tuple[str, ...]:
    found = tuple(_address(reader, item, "to") for item in reader.items(node, "to"))
    if not found:
        reader.problem(node, "to is an empty list", "name one address or more")
    return tuple(address for address in found if address is not None)


def _address(reader: NodeReader, node: Node, what: str) -> str | None:
    text = reader.words(node, what)
    if text is not None and not _ADDRESS.fullmatch(text):
        reader.problem(node, f'"{text}" is not a mail address, as {what} must be', "write it as in privacy@example.org")
        return None
    return text
