"""Secrets by reference: a source file says where a secret is, never what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast

from ruamel.yaml.nodes import MappingNode, Node

from connectors.place import Place
from connectors.place_rules import read_filled
from gateway.domain.yaml_nodes import NodeReader

SecretPlace = Literal["env", "file", "kms"]
_PLACES = ("env", "file", "kms")


@dataclass(frozen=True)
class SecretRef:
    """Where a secret is: the name of an environment variable, the path of a file, or a text that the gateway's key service
    opens (`gateway source seal` makes one)."""

    place: SecretPlace
    name: str


Secrets = Callable[[SecretRef], str]
"""Reveals a secret when a connection needs it. Raises ConfigurationError, without the secret, when it cannot be had."""


def read_secret(reader: NodeReader, node: Node, what: str, place: Place) -> SecretRef | None:
    """`{env: NAME}`, `{file: PATH}` or `{kms: TEXT}`; a secret in clear is a problem, and its text is not repeated."""
    if not isinstance(node, MappingNode):
        # Not `entries`: its problem would quote what stands there, which may be the secret itself.
        empty = MappingNode(node.tag, [], start_mark=node.start_mark, end_mark=node.end_mark)
        reader.problem(empty, f"{what} must say where the secret is", "write {env: NAME}, {file: PATH} or {kms: TEXT}")
        return None
    entries = reader.entries(node, what, _PLACES)
    if len(entries) != 1:
        reader.problem(node, f"{what} must say one place", "write {env: NAME}, {file: PATH} or {kms: TEXT}")
        return None
    [entry] = entries.values()
    name = reader.words(entry.value, entry.name)
    if name is None:
        return None
    return SecretRef(cast("SecretPlace", entry.name), str(place.folder / name) if entry.name == "file" else name)


def read_text_or_secret(reader: NodeReader, node: Node, what: str, place: Place) -> SecretRef | str | None:
    """A name that may stand in clear, or by reference as a secret."""
    return read_secret(reader, node, what, place) if isinstance(node, MappingNode) else read_filled(reader, node, place, what)


def revealed(value: SecretRef | str, secrets: Secrets) -> str:
    """Such a name."""
    return value if isinstance(value, str) else secrets(value)
