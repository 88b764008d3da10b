"""How a REST source wants to be asked: read from its source file, and made into headers and a query when it is connected to."""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, Client
from ruamel.yaml.nodes import Node

from connectors.http import Authorise, Http
from connectors.http_request import Request
from connectors.place import Place
from connectors.place_rules import read_filled
from connectors.secrets import SecretRef, Secrets, read_secret, read_text_or_secret, revealed
from connectors.tokens import Credentials, Style, bearer, token_answer
from gateway.domain.yaml_nodes import Entry, NodeReader
from gateway.errors import IngestError

Word = SecretRef | str
_WAYS = ("bearer", "basic", "header", "query", "oauth2", "oauth1")
_OAUTH = ("token_url", "key", "secret", "scope", "style", "audience", "base_from")
SIGNATURES = (SIGNATURE_HMAC_SHA256, SIGNATURE_HMAC_SHA1)
# It writes what it signs, whose query may hold a record's value.
logging.getLogger("oauthlib").setLevel(logging.WARNING)
_HEADER = re.compile(r"[A-Za-z0-9-]+")
INSTANCE = "instance_url"
"""Where Salesforce says which machine has the records."""


@dataclass(frozen=True)
class Bearer:
    token: SecretRef


@dataclass(frozen=True)
class Basic:
    """A source that takes a key as the name of a user has no password."""

    user: Word
    password: SecretRef | None = None


@dataclass(frozen=True)
class Header:
    name: str
    value: SecretRef


@dataclass(frozen=True)
class Query:
    name: str
    value: SecretRef


@dataclass(frozen=True)
class OAuth2:
    """Client credentials (RFC 6749, 4.4). With `base_from` the answer with the token says where the records are."""

    token_url: str
    key: Word
    secret: SecretRef
    scope: str = ""
    styles: tuple[Style, ...] = ("basic", "form")
    audience: str = ""
    base_from: str = ""


@dataclass(frozen=True)
class OAuth1:
    """Each request signed with a shared secret (RFC 5849, one leg): what OneRoster 1.1 asks for."""

    key: Word
    secret: SecretRef
    method: str = SIGNATURE_HMAC_SHA256


Auth = Bearer | Basic | Header | Query | OAuth2 | OAuth1


@dataclass(frozen=True)
class SignIn:
    """What makes a request one that the source answers: headers, members of every query, and where the base is, if not where the
    source file says."""

    authorise: Authorise | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    base: Callable[[Http], str] | None = None

    def __repr__(self) -> str:
        return "SignIn"


def sign_in(auth: Auth | None, secrets: Secrets) -> SignIn:
    """Reveals the secrets. Raises ConfigurationError when one cannot be had."""
    match auth:
        case None:
            return SignIn()
        case Bearer(token):
            return _sending({"Authorization": f"Bearer {secrets(token)}"})
        case Basic(user, password):
            pair = f"{revealed(user, secrets)}:{secrets(password) if password else ''}"
            return _sending({"Authorization": f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"})
        case Header(name, value):
            return _sending({name: secrets(value)})
        case Query(name, value):
            return SignIn(query={name: secrets(value)})
        case OAuth1():
            return _signing(auth, secrets)
        case OAuth2():
            further = {"audience": auth.audience} if auth.audience else None
            key, secret = revealed(auth.key, secrets), secrets(auth.secret)
            credentials = Credentials(auth.token_url, key, secret, auth.scope, further, auth.styles)
            return SignIn(bearer(lambda _: credentials), {}, _base_from(auth.base_from, credentials) if auth.base_from else None)


def _signing(auth: OAuth1, secrets: Secrets) -> SignIn:
    client = Client(revealed(auth.key, secrets), client_secret=secrets(auth.secret), signature_method=auth.method)

    def headers(_http: Http, _again: bool, asked: Request) -> Mapping[str, str]:
        try:
            _, signed, _ = client.sign(asked.url, http_method=cast("Literal['GET', 'POST']", asked.method))
        except ValueError:
            # Not `from why`: it quotes the query.
            raise IngestError("The source gave an address whose query is not encoded as OAuth 1.0a needs it.") from None
        return {str(name): str(text) for name, text in signed.items()}

    return SignIn(headers)


def _sending(headers: Mapping[str, str]) -> SignIn:
    return SignIn(lambda _http, _again, _asked: headers)


def _base_from(member: str, credentials: Credentials) -> Callable[[Http], str]:
    def base(http: Http) -> str:
        said = token_answer(http, credentials).get(member)
        if not isinstance(said, str) or not said:
            raise IngestError(f"{http.shown(http.absolute(credentials.url))}: the answer with the token holds no {member}.")
        return http.absolute(said)

    return base


def read_auth(reader: NodeReader, node: Node, place: Place, ways: tuple[str, ...] = _WAYS) -> Auth | None:
    """Exactly one of the ways to sign in. Mistakes go to the reader; then None."""
    before = len(reader.problems)
    entries = reader.entries(node, "auth", ways)
    if len(entries) != 1:
        if len(reader.problems) > before:
            return None
        reader.problem(node, "auth must say one way to sign in", f"write one of {', '.join(ways)} under it")
        return None
    [entry] = entries.values()
    match entry.name:
        case "bearer":
            token = read_secret(reader, entry.value, "bearer", place)
            return None if token is None else Bearer(token)
        case "basic":
            return _basic(reader, entry.value, place)
        case "oauth2":
            return _oauth2(reader, entry.value, place)
        case "oauth1":
            return _oauth1(reader, entry.value, place)
    return _named(reader, entry, place)


def _basic(reader: NodeReader, node: Node, place: Place) -> Basic | None:
    entries = reader.entries(node, "basic", ("user", "password"), ("user",))
    user = read_text_or_secret(reader, entries["user"].value, "user", place) if "user" in entries else None
    password = read_secret(reader, entries["password"].value, "password", place) if "password" in entries else None
    return None if user is None or (password is None and "password" in entries) else Basic(user, password)


def _named(reader: NodeReader, entry: Entry, place: Place) -> Header | Query | None:
    entries = reader.entries(entry.value, entry.name, ("name", "value"), ("name", "value"))
    if len(entries) != 2:  # noqa: PLR2004
        return None
    name = reader.words(entries["name"].value, "name")
    value = read_secret(reader, entries["value"].value, "value", place)
    if name is None or value is None:
        return None
    if entry.name == "query":
        return Query(name, value)
    return Header(name, value) if is_header(reader, entries["name"].value, name) else None


def is_header(reader: NodeReader, node: Node, name: str) -> bool:
    """Whether a text is the name of a header; if not, that is a problem."""
    if not _HEADER.fullmatch(name):
        reader.problem(node, "the name of a header is letters, digits and hyphens", "write it as in X-Api-Key")
        return False
    return True


def _oauth1(reader: NodeReader, node: Node, place: Place) -> OAuth1 | None:
    entries = reader.entries(node, "oauth1", ("key", "secret", "signature"), ("key", "secret"))
    if not {"key", "secret"} <= entries.keys():
        return None
    key = read_text_or_secret(reader, entries["key"].value, "key", place)
    secret = read_secret(reader, entries["secret"].value, "secret", place)
    method = reader.choice(entries["signature"].value, "signature", SIGNATURES) if "signature" in entries else SIGNATURES[0]
    return None if key is None or secret is None or method is None else OAuth1(key, secret, method)


def _oauth2(reader: NodeReader, node: Node, place: Place) -> OAuth2 | None:
    entries = reader.entries(node, "oauth2", _OAUTH, ("token_url", "key", "secret"))
    if not {"token_url", "key", "secret"} <= entries.keys():
        return None
    url = read_filled(reader, entries["token_url"].value, place, "token_url")
    key = read_text_or_secret(reader, entries["key"].value, "key", place)
    secret = read_secret(reader, entries["secret"].value, "secret", place)
    texts = {name: reader.words(entries[name].value, name) or "" for name in ("scope", "audience") if name in entries}
    style = reader.choice(entries["style"].value, "style", ("basic", "form")) if "style" in entries else None
    member = reader.choice(entries["base_from"].value, "base_from", (INSTANCE,)) if "base_from" in entries else ""
    if url is None or key is None or secret is None or member is None:
        return None
    styles = (cast("Style", style),) if style is not None else OAuth2.styles
    return OAuth2(url, key, secret, texts.get("scope", ""), styles, texts.get("audience", ""), member)
