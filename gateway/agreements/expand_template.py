"""Read one text for many partners as one tree for each of them: `${name}` stands for what a member says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gateway.domain.yaml_nodes import Entry, NodeReader

MOST_MEMBERS = 1000
MOST_NODES = 400_000
"""Names and values of all members together."""

_PARAMETER = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Member:
    """One partner's tree; `label` names the partner in messages, empty where the file has no template."""

    label: str
    root: Node


def expand_template(reader: NodeReader, root: Node) -> tuple[Member, ...]:
    """The trees that a file stands for: itself, or one for each member of its template. Mistakes of the template itself are
    noted; what is wrong in a tree keeps its place in the file."""
    if not isinstance(root, MappingNode):
        return (Member("", root),)
    templates = [Entry("template", key, value) for key, value in root.value if _is(key, "template")]
    if not templates:
        return (Member("", root),)
    rest = [(key, value) for key, value in root.value if not _is(key, "template")]
    parameters, members = _read(reader, templates[0])
    if len(templates) > 1:
        reader.problem(templates[1].key, '"template" stands twice in an agreement', "keep one of them")
    if not parameters or not members:
        return ()
    body = _like(root, rest)
    _check_body(reader, body, parameters)
    if reader.problems:
        return ()
    if _size(body) * len(members) > MOST_NODES:
        reader.problem(templates[0].key, "the text is too long for so many members", "split the members over several files")
        return ()
    return tuple(Member(f"{parameters[0]} {_said(member[parameters[0]])}", _filled(body, member)) for member in members)


def _read(reader: NodeReader, entry: Entry) -> tuple[tuple[str, ...], list[dict[str, Node]]]:
    parts = reader.entries(entry.value, "template", ("parameters", "members"), ("parameters", "members"))
    if len(parts) != len(("parameters", "members")):
        return (), []
    parameters = []
    for node in reader.items(parts["parameters"].value, "parameters"):
        name = reader.text(node, "parameter")
        if name is not None and not _NAME.fullmatch(name):
            reader.problem(
                node, f'parameter "{name}" must be small letters, digits and underscores', "write it as in district_name"
            )
        elif name is not None:
            parameters.append(name)
    nodes = reader.items(parts["members"].value, "members")
    if not nodes:
        reader.problem(parts["members"].key, "a template has one member or more", "write - {district: riverton}")
    if len(nodes) > MOST_MEMBERS:
        reader.problem(parts["members"].key, f"a template has at most {MOST_MEMBERS} members", "split them over several files")
        return (), []
    members = []
    for node in nodes:
        values = reader.entries(node, "a member of the template", parameters, parameters)
        if set(values) == set(parameters):
            members.append({name: value.value for name, value in values.items()})
    return tuple(parameters), members


def _check_body(reader: NodeReader, body: Node, parameters: tuple[str, ...]) -> None:
    """Every `${name}` is a parameter, and the id uses one."""
    for node in _scalars(body):
        for name in _PARAMETER.findall(node.value):
            if name not in parameters:
                fix = reader.suggestion(name, parameters) or "add it to parameters, and to each member"
                reader.problem(node, f'"${{{name}}}" is not a parameter of the template', fix)
    for key, value in body.value:
        if _is(key, "id") and isinstance(value, ScalarNode) and not _PARAMETER.search(value.value):
            reader.problem(
                value,
                f'the id "{value.value}" is the same for every member, which each need their own',
                f"use a parameter, as in {value.value}-${{{parameters[0]}}}",
            )


def _filled(node: Node, member: Mapping[str, Node]) -> Node:
    """A copy in which every parameter is what the member says; a value that is nothing but a parameter may become a list."""
    if isinstance(node, MappingNode):
        return _like(node, [(_filled(key, member), _filled(value, member)) for key, value in node.value])
    if isinstance(node, SequenceNode):
        return _like(node, [_filled(item, member) for item in node.value])
    if "${" not in node.value:
        return node
    alone = _PARAMETER.fullmatch(node.value)
    if alone and not isinstance(member[alone[1]], ScalarNode):
        return _placed(member[alone[1]], node)
    return _like(node, _PARAMETER.sub(lambda found: _said(member[found[1]]), node.value))


def _placed(value: Node, place: Node) -> Node:
    """A member's list at the place where its parameter stands, so that its mistakes are told there."""
    inner = value.value
    if isinstance(value, SequenceNode):
        inner = [_placed(item, place) for item in inner]
    elif isinstance(value, MappingNode):
        inner = [(_placed(key, place), _placed(item, place)) for key, item in inner]
    return type(value)(value.tag, inner, start_mark=place.start_mark, end_mark=place.end_mark)


def _like(node: Node, value: object) -> Node:
    return type(node)(node.tag, value, start_mark=node.start_mark, end_mark=node.end_mark)


def _said(node: Node) -> str:
    return str(node.value) if isinstance(node, ScalarNode) else ""


def _scalars(node: Node) -> list[ScalarNode]:
    if isinstance(node, ScalarNode):
        return [node]
    children = [part for pair in node.value for part in pair] if isinstance(node, MappingNode) else node.value
    return [scalar for child in children for scalar in _scalars(child)]


def _size(node: Node) -> int:
    if isinstance(node, ScalarNode):
        return 1
    children = [part for pair in node.value for part in pair] if isinstance(node, MappingNode) else node.value
    return 1 + sum(_size(child) for child in children)


def _is(key: Node, name: str) -> bool:
    return isinstance(key, ScalarNode) and key.value == name
