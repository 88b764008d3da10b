"""How a REST source wants to be asked: read from its source file, and made into headers and a query when it is connected to."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from ruamel.yaml.nodes import MappingNode, Node

from connectors.http import Authorise, Http, Sign
from connectors.oauth1 import signer
from connectors.place import Place
from connectors.place_rules import read_filled
from connectors.secrets import SecretRef, Secrets, read_secret
from connectors.tokens import Credentials, Style, bearer, token_answer
from gateway.domain.yaml_nodes import Entry, NodeReader
from gateway.errors import IngestError

Word = SecretRef | str
_WAYS = ("bearer", "basic", "header", "query", "oauth2")
_KEY_AND_SECRET = ("key", "secret")
_OAUTH = ("token_url", "key", "secret", "scope", "style", "audience", "base_from")
_HEADER = re.compile(r"[A-Za-z0-9-]+")
INSTANCE = "instance_url"
"""Where Salesforce says which machine has the records."""


@dataclass(frozen=True)
class Bearer:
    token: SecretRef


@dataclass(frozen=True)
class Basic:
    user: Word
    password: SecretRef


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
    """OAuth 1.0a: a signature in each request and no token."""

    key: Word
    secret: SecretRef


Auth = Bearer | Basic | Header | Query | OAuth2 | OAuth1


@dataclass(frozen=True)
class SignIn:
    """What makes a request one that the source answers: headers, members of every query, where the base is, if not where the
    source file says, and a signature."""

    authorise: Authorise | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    base: Callable[[Http], str] | None = None
    sign: Sign | None = None

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
            pair = f"{_revealed(user, secrets)}:{secrets(password)}"
            return _sending({"Authorization": f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"})
        case Header(name, value):
            return _sending({name: secrets(value)})
        case Query(name, value):
            return SignIn(query={name: secrets(value)})
        case OAuth1(key, secret):
            return SignIn(sign=signer(_revealed(key, secrets), secrets(secret)))
        case OAuth2():
            further = {"audience": auth.audience} if auth.audience else None
            client = Credentials(
                auth.token_url, _revealed(auth.key, secrets), secrets(auth.secret), auth.scope, further, auth.styles
            )
            return SignIn(bearer(lambda _: client), {}, _base_from(auth.base_from, client) if auth.base_from else None)


def _sending(headers: Mapping[str, str]) -> SignIn:
    return SignIn(lambda _http, _again: headers)


def _revealed(word: Word, secrets: Secrets) -> str:
    return word if isinstance(word, str) else secrets(word)


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
    entries = reader.entries(node, "basic", ("user", "password"), ("user", "password"))
    if len(entries) != 2:  # noqa: PLR2004
        return None
    user = _word(reader, entries["user"].value, "user", place)
    password = read_secret(reader, entries["password"].value, "password", place)
    return None if user is None or password is None else Basic(user, password)


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


def _oauth2(reader: NodeReader, node: Node, place: Place) -> OAuth2 | None:
    entries = reader.entries(node, "oauth2", _OAUTH, ("token_url", "key", "secret"))
    if not {"token_url", "key", "secret"} <= entries.keys():
        return None
    url = read_filled(reader, entries["token_url"].value, place, "token_url")
    key = _word(reader, entries["key"].value, "key", place)
    secret = read_secret(reader, entries["secret"].value, "secret", place)
    texts = {name: reader.words(entries[name].value, name) or "" for name in ("scope", "audience") if name in entries}
    style = reader.choice(entries["style"].value, "style", ("basic", "form")) if "style" in entries else None
    member = reader.choice(entries["base_from"].value, "base_from", (INSTANCE,)) if "base_from" in entries else ""
    if url is None or key is None or secret is None or member is None:
        return None
    styles = (cast("Style", style),) if style is not None else OAuth2.styles
    return OAuth2(url, key, secret, texts.get("scope", ""), styles, texts.get("audience", ""), member)


def _oauth1(reader: NodeReader, node: Node, place: Place) -> OAuth1 | None:
    entries = reader.entries(node, "oauth1", _KEY_AND_SECRET, _KEY_AND_SECRET)
    key = _word(reader, entries["key"].value, "key", place) if "key" in entries else None
    secret = read_secret(reader, entries["secret"].value, "secret", place) if "secret" in entries else None
    return None if key is None or secret is None else OAuth1(key, secret)


def _word(reader: NodeReader, node: Node, what: str, place: Place) -> Word | None:
    """A name that may be in clear, or a secret by reference."""
    if isinstance(node, MappingNode):
        return read_secret(reader, node, what, place)
    return read_filled(reader, node, place, what)
