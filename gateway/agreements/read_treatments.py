"""Read what happens to the elements of a resource: each by its name, or by the class that it belongs to."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import cast, get_args

from ruamel.yaml.nodes import Node, ScalarNode

from gateway.agreements.read_rows import code_list_name
from gateway.catalog.fitting import KINDS, WORDS, fitting
from gateway.catalog.model import Catalog, Element, PiiKind, Resource, Sensitivity
from gateway.domain.identifiers import ElementPath
from gateway.domain.treatments import (
    AggregateOnly,
    Generalisation,
    Generalise,
    Mask,
    MaskText,
    Pseudonymise,
    RedactText,
    ReturnOwnId,
    Share,
    Treatment,
    Withhold,
)
from gateway.domain.yaml_nodes import Entry, NodeReader

PLAIN: Mapping[str, Treatment] = {
    "share": Share(),
    "pseudonymise": Pseudonymise(),
    "return_own_id": ReturnOwnId(),
    "redact_text": RedactText(),
    "aggregate_only": AggregateOnly(),
    "withhold": Withhold(),
}
WIDEST_AGE_BAND, WIDEST_BAND = 50, 1_000_000
_MEANT = {
    "share": ("yes", "true", "show", "visible", "full", "allow", "permit", "clear", "read"),
    "withhold": ("no", "false", "hide", "hidden", "none", "deny", "remove", "exclude", "suppress"),
    "redact_text": ("redact", "redacted", "redact_names", "deidentify_text", "scrub", "clean"),
    "pseudonymise": ("hash", "hashed", "tokenize", "tokenise", "anonymize", "anonymise", "encrypt", "deidentify"),
    "aggregate_only": ("count", "counts", "aggregated", "statistics", "totals"),
}
"""What people write for a treatment who know other words for it."""

_BY_CLASS = ("class", "pii", "directory", "about")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,4})?")
_SHOWN = 3


class TreatmentReader:
    """Reads the treatments of one resource's elements; `code_lists` are the names that this agreement has."""

    def __init__(self, reader: NodeReader, catalog: Catalog, resource: Resource, code_lists: Mapping[str, object]) -> None:
        self._reader = reader
        self._catalog = catalog
        self._resource = resource
        self._known = {element.path: element for element in resource.every_element()}
        self._code_lists = code_lists

    def read(self, elements: Entry | None, by_class: Entry | None) -> dict[ElementPath, Treatment]:
        """The treatment of every element that is named, by itself or by its class; its own name wins. In catalog order."""
        own, taken = self._named(elements) if elements else ({}, frozenset())
        classed = self._classed(by_class, taken) if by_class else {}
        found = {**classed, **own}
        return {path: found[path] for path in self._known if path in found}

    def _named(self, entry: Entry) -> tuple[dict[ElementPath, Treatment], frozenset[ElementPath]]:
        named: dict[ElementPath, Treatment] = {}
        taken = set()
        for item in self._reader.entries(entry.value, "elements").values():
            element = self._element(item.key, item.name)
            if element is None:
                continue
            taken.add(element.path)
            treatment = self._treatment(item.value, item.name)
            if treatment is not None and self._fits(item.value, element, treatment):
                named[element.path] = treatment
        return named, frozenset(taken)

    def _element(self, node: Node, name: str) -> Element | None:
        element = self._known.get(ElementPath(name))
        if element is None:
            prefix = f"{self._resource.name}."
            fix = self._reader.suggestion(name.removeprefix(prefix), self._known)
            inside = [path for path in self._known if path.startswith(f"{name}.")]
            if inside:
                fix = f"name a part of it: {', '.join(inside[:_SHOWN])}"
            elif not fix:
                others = [other.name for other in self._catalog.resources.values() if other.element(name) is not None]
                fix = f"it is an element of {' and of '.join(others[:_SHOWN])}; name it there" if others else ""
            self._reader.problem(
                node,
                f'"{name}" is not an element of {self._resource.name}',
                fix or "the data dictionary lists its elements; leave out what nobody may see",
            )
        return element

    def _classed(self, entry: Entry, taken: Collection[ElementPath]) -> dict[ElementPath, Treatment]:
        found: dict[ElementPath, Treatment] = {}
        for node in self._reader.items(entry.value, "by_class"):
            parts = self._reader.entries(node, "a by_class entry", (*_BY_CLASS, "except", "treatment"), ("treatment",))
            if not set(_BY_CLASS) & parts.keys():
                self._reader.problem(
                    node, "a by_class entry names no class", "add class: operational, directory: true, pii: or about:"
                )
                continue
            chosen = self._chosen(parts)
            excepted = self._excepted(parts["except"], chosen) if "except" in parts else frozenset()
            treatment = self._treatment(parts["treatment"].value, "treatment") if "treatment" in parts else None
            if chosen is None or treatment is None:
                continue
            named = [element for element in chosen if element.path not in excepted and element.path not in taken]
            twice = [element.path for element in named if found.get(element.path, treatment) != treatment]
            unfit = [element.path for element in named if _unfit(element, treatment)]
            for paths, what in ((twice, "are in two classes with different treatments"), (unfit, "cannot be treated so")):
                if paths:
                    message = f"{len(paths)} of this class {what}: {', '.join(paths)}"
                    self._reader.problem(
                        parts["treatment"].value, message, "name them under except, or under elements with their own"
                    )
            found |= {element.path: treatment for element in named if element.path not in {*twice, *unfit}}
        return found

    def _chosen(self, parts: Mapping[str, Entry]) -> tuple[Element, ...] | None:
        """The elements that all of the named attributes hold for; what is never shared is in no class."""
        reader, chosen = self._reader, [element for element in self._known.values() if element.sensitivity != "prohibited"]
        classes = tuple(name for name in get_args(Sensitivity) if name != "prohibited")
        if "class" in parts:
            wanted = reader.choice(parts["class"].value, "class", classes)
            chosen = [element for element in chosen if element.sensitivity == wanted]
        if "pii" in parts:
            wanted = reader.choice(parts["pii"].value, "kind of PII", get_args(PiiKind))
            chosen = [element for element in chosen if element.pii == wanted]
        if "directory" in parts:
            flag = reader.flag(parts["directory"].value, "directory")
            chosen = [element for element in chosen if element.directory == flag]
        if "about" in parts:
            wanted = reader.choice(parts["about"].value, "person of this resource", tuple(self._resource.persons))
            chosen = [element for element in chosen if element.person == wanted]
        return tuple(chosen)

    def _excepted(self, entry: Entry, chosen: tuple[Element, ...] | None) -> frozenset[ElementPath]:
        paths = set()
        inside = {element.path for element in chosen or ()}
        for node in self._reader.items(entry.value, "except"):
            name = self._reader.text(node, "except")
            element = self._element(node, name) if name else None
            if element is not None and element.path not in inside:
                self._reader.problem(node, f'"{name}" is not in this class anyway', "remove it from except")
            elif element is not None:
                paths.add(element.path)
        return frozenset(paths)

    def _treatment(self, node: Node, name: str) -> Treatment | None:
        reader = self._reader
        if isinstance(node, ScalarNode):
            word = reader.text(node, f"the treatment of {name}")
            if word is None or word in PLAIN:
                return PLAIN.get(word or "")
            if word in {"generalise", "mask"}:
                reader.problem(node, f"{word} does not say how", f"write {_how(word, self._known.get(ElementPath(name)))}")
            elif word in KINDS:
                reader.problem(node, f'"{word}" is not a treatment by itself', f"write {KINDS[word].example}")
            elif word in get_args(Mask):
                reader.problem(node, f'"{word}" is not a treatment by itself', f"write {{mask: {word}}}")
            else:
                meant = next((treatment for treatment, words in _MEANT.items() if word.casefold() in words), "")
                if meant:
                    reader.problem(node, f'"{word}" is not a treatment', f"did you mean {meant}?")
                else:
                    reader.choice(node, "treatment", (*PLAIN, "generalise", "mask"))
            return None
        parts = reader.entries(node, f"the treatment of {name}", ("generalise", "mask", *PLAIN))
        alone = next((word for word in parts if word in PLAIN), None)
        if alone is not None:
            reader.problem(node, f"{alone} takes nothing beside it", f"write {alone}")
            return None
        if len(parts) != 1:
            if parts:
                reader.problem(node, "a treatment is either generalise or mask", "keep one of them")
            return None
        if "generalise" in parts:
            return self._generalise(parts["generalise"])
        keep = reader.choice(parts["mask"].value, "mask", get_args(Mask))
        return MaskText(cast(Mask, keep)) if keep else None

    def _generalise(self, entry: Entry) -> Treatment | None:
        reader, node = self._reader, entry.value
        if isinstance(node, ScalarNode):
            word = reader.choice(node, "generalisation", tuple(KINDS))
            if word is not None and word not in WORDS:
                reader.problem(node, f"{word} does not say by how much", f"write {KINDS[word].example}")
                return None
            return Generalise(cast(Generalisation, word)) if word else None
        parts = reader.entries(node, "generalise", tuple(KINDS))
        if len(parts) != 1:
            if parts:
                reader.problem(node, "generalise takes one way at a time", "keep one of them")
            return None
        (item,) = parts.values()
        if item.name in WORDS:
            reader.problem(item.value, f"{item.name} takes no number", f"write {KINDS[item.name].example}")
            return None
        by = self._parameter(item)
        return None if by is None else Generalise(cast(Generalisation, item.name), by)

    def _parameter(self, item: Entry) -> int | float | str | None:
        match item.name:
            case "age_band":
                return self._reader.whole(item.value, item.name, 2, WIDEST_AGE_BAND)
            case "band":
                return self._reader.whole(item.value, item.name, 2, WIDEST_BAND)
            case "roll_up":
                return code_list_name(self._reader, item.value, self._code_lists)
            case _:
                return self._number(item)

    def _number(self, item: Entry) -> int | float | None:
        text = self._reader.text(item.value, item.name)
        if text is None:
            return None
        number = _NUMBER.fullmatch(text)
        value = (float(text) if number[2] else int(text)) if number else None
        if value is None or (item.name == "round" and value <= 0):
            what = "a number above zero" if item.name == "round" else "a number"
            self._reader.problem(item.value, f'"{text}" is not {what}, as {item.name} must be', f"write {KINDS[item.name].example}")
            return None
        return int(value) if value == int(value) else value

    def _fits(self, node: Node, element: Element, treatment: Treatment) -> bool:
        """Whether the treatment can be done to the element; else a problem that offers what can."""
        wrong = _unfit(element, treatment)
        if wrong:
            self._reader.problem(node, wrong, f"write {' or '.join(fitting(element))}")
        return wrong is None


def _how(word: str, element: Element | None) -> str:
    fits = [example for example in fitting(element) if example.startswith(f"{{{word}:")] if element else []
    return " or ".join(fits) or ("{generalise: year}" if word == "generalise" else "{mask: last_four} or {mask: initial}")


def _unfit(element: Element, treatment: Treatment) -> str | None:
    """Why a treatment cannot be done to an element."""
    kind = "text" if element.type == "string" else "code" if element.type == "descriptor" else element.type
    match treatment:
        case Pseudonymise() if element.stands_for is None:
            return f'"{element.path}" cannot hold a pseudonym: the dictionary does not mark it pseudonymisable'
        case ReturnOwnId() if element.stands_for is None:
            return f'"{element.path}" names no record that a roster could list: the dictionary does not mark it pseudonymisable'
        case Generalise(to, by):
            if not KINDS[to].fits(element):
                return f'"{element.path}" is a {kind}; {to} is for {KINDS[to].what}'
            if element.type == "integer" and isinstance(by, float):
                return f'"{element.path}" is a whole number; {by} is none'
            return None
        case MaskText() if element.type != "string":
            return f'"{element.path}" is a {kind}; mask is for texts'
        case RedactText() if element.sensitivity != "free_text" or element.type != "string":
            return f'"{element.path}" is no free text in the dictionary, and redact_text is for free text only'
        case _:
            return None
