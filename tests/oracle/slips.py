"""What goes wrong in a question: each slip changes one thing of it, so that one rule or another has something to refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from random import Random
from typing import Any

from gateway.domain.agreement import FORMATS, PURPOSES
from tests.oracle.agreements import CODES, coarser_of, said_basis
from tests.oracle.grounds import BASES
from tests.oracle.reading import Facts

Question = dict[str, Any]
Slip = Callable[[Random, Question, Facts], None]

ABSENT = "(absent)"
TREATMENTS: tuple[Any, ...] = (
    {"treatment": "share"},
    {"treatment": "withhold"},
    {"treatment": "aggregate_only"},
    {"treatment": "pseudonymise"},
    {"treatment": "mask", "keep": "initial"},
    {"treatment": "redact_text"},
    {"treatment": "redact_text", "keep": "verbs"},
    *(
        grant
        for path, kind in (("birthDate", "date"), ("x", "number"), ("postalCode", "string"), ("gradeLevelDescriptor", "descriptor"))
        for grant in coarser_of(path, kind)
    ),
    {"treatment": "generalise", "to": "age_band", "by": 1},
    {"treatment": "generalise", "to": "band", "by": 2.5},
    {"treatment": "generalise", "to": "round", "by": 0},
    {"treatment": "generalise", "to": "roll_up", "by": "unlisted"},
    {"treatment": "generalise", "to": "year", "by": 1},
    {"treatment": "generalise", "to": "decade"},
    {"treatment": "mask", "keep": "all"},
    {"treatment": "share", "to": "year"},
    {"treatment": "withhold", "unless": "asked"},
    {"treatment": "shout"},
    {},
    "share",
)
DAYS: tuple[Any, ...] = (
    "2026-11-23",
    "2026-11-24",
    "2026-11-25",
    "2026-11-26",
    "2025-06-30",
    "2026-02-30",
    "2026-13-01",
    "2026-7-01",
    "2026-11-24T10:00:00Z",
    "forever",
    "",
    0,
    None,
    ABSENT,
)
WORDS: tuple[Any, ...] = ("", " ", "other", 7, None, [], ABSENT)
OF_ENTRY: Mapping[str, tuple[Any, ...]] = {
    "state": ("draft", "proposed", "signed", "suspended", "expired", "terminated", "destroyed", None, ABSENT),
    "timezone": ("Pacific/Auckland", "Europe/Paris", 7, ABSENT),
    "term": ({}, None, ABSENT),
    "term.from": DAYS,
    "term.until": DAYS,
    "recipient": ("oakhill", "Riverton", "lakeside", None, ABSENT),
    "provider": ("hillside",),
    "resource": ("schools", "candidates", None, ABSENT),
    "purposes": ([], ["pipeline"], {"a": "placement"}, "placement", None, ABSENT),
    "interests": ({}, None, ABSENT),
    "legal_basis": (None, "consent", {}, ABSENT),
    "legal_basis.basis": ("a99_because", "", None, *sorted(BASES)),
    "legal_basis.citation": WORDS,
    "persons": ({}, [], None, ABSENT),
    "rows": (None, {}, "all", ABSENT),
    "elements": ({}, "firstName", ABSENT),
    "code_lists": ({}, {"other": {}}),
    "formats": ([], ["csv"], {"a": "json"}, None, ABSENT),
    "change_feed": (True, False, "true", None, ABSENT),
    "limits": ({}, None, ABSENT),
    "limits.rows_per_day": (1, 4999, 5000, "many", ABSENT),
    "limits.requests_per_minute": (1, 59, 60, "many", ABSENT),
    "usage": ({}, None, ABSENT),
    "usage.rows_today": (0, 4999, 5000, 5001, "many", None, ABSENT),
    "usage.requests_this_minute": (0, 59, 60, 61, "many", None, ABSENT),
    "redisclosure": ({}, None, ABSENT),
    "redisclosure.notice": WORDS,
    "release": (None, {}, ABSENT),
    "release.version": (0, 7.5, "7", None, ABSENT),
    "release.official": WORDS,
    "release.made_on": DAYS,
    "release.smallest_class": (9, 10, 11, 12, "many", None, ABSENT),
}
OF_QUESTION: Mapping[str, tuple[Any, ...]] = {
    "principal": ({}, None, ABSENT),
    "principal.client": WORDS[:2] + WORDS[3:],
    "principal.institution": WORDS,
    "principal.purposes": ([], ["pipeline"], {}, "placement", None, ABSENT),
    "request": ({}, None, [], ABSENT),
    "request.resource": ("dragons", "", 7, None, ABSENT),
    "request.purpose": ("", " ", "Placement", 7, None, ABSENT),
    "request.provider": ("lakeside", "hillside", "", 7, [], ABSENT),
    "request.agreement": ("agreement-0", "agreement-1", " ", 7, {}, ABSENT),
    "request.operation": ("feed", "write", "", None, ABSENT),
    "request.format": (*FORMATS, "JSON", "", None, ABSENT),
    "request.filters": ({}, "firstName", [7], [""], None, ABSENT),
    "today": ({}, [], None, ABSENT),
    "modules": ([], ["us-elsewhere"], ["personnel-default", "us-elsewhere"], {}, [7], None, ABSENT),
    "agreements": ([], {}, None, [None], ABSENT),
}
IDENTITY = {"id": WORDS, "version": ("1", None, ABSENT), "digest": WORDS, "schedule": WORDS, "provider": WORDS}
IN_DETAILS: tuple[Any, ...] = (*DAYS[:6], "", " ", "other", -1, 0, 0.5, 9, 10, 11.5, True, False, [], ["other"], {}, None, ABSENT)


def change(tree: Any, path: str, value: Any) -> None:
    """Put a value in a place of a tree, or take it away; nothing where there is no such place."""
    *steps, last = path.split(".")
    for step in steps:
        tree = tree.get(step) if isinstance(tree, dict) else None
    if not isinstance(tree, dict):
        return
    if isinstance(value, str) and value == ABSENT:
        tree.pop(last, None)
    else:
        tree[last] = deepcopy(value)


def in_an_agreement(chance: Random, asked: Question, catalog: Facts) -> None:
    """A clause says something else, or nothing."""
    path = chance.choice(sorted(OF_ENTRY))
    change(chance.choice(asked["agreements"]), path, chance.choice(OF_ENTRY[path]))


def in_the_question(chance: Random, asked: Question, catalog: Facts) -> None:
    """The request or the client is another, or incomplete."""
    path = chance.choice(sorted(OF_QUESTION))
    change(asked, path, chance.choice(OF_QUESTION[path]))


def in_identity(chance: Random, asked: Question, catalog: Facts) -> None:
    """An agreement does not say which it is."""
    name = chance.choice(sorted(IDENTITY))
    change(chance.choice(asked["agreements"]), name, chance.choice(IDENTITY[name]))


def in_a_basis(chance: Random, asked: Question, catalog: Facts) -> None:
    """A legal basis says something else."""
    basis = _a_basis(chance, asked)
    if basis is None:
        return
    place, names = basis["details"], sorted(basis["details"])
    while names:
        name = chance.choice(names)
        if isinstance(place[name], dict) and place[name] and chance.randint(1, 8) > 1:
            place, names = place[name], sorted(place[name])
        else:
            change(place, name.replace(".", "\0"), chance.choice(IN_DETAILS))
            return


def another_basis(chance: Random, asked: Question, catalog: Facts) -> None:
    """Somebody stands on another basis, or on none."""
    entry = chance.choice(asked["agreements"])
    if not entry["persons"]:
        return
    role = chance.choice(sorted(entry["persons"]))
    name = chance.choice(sorted(BASES))
    whole = said_basis(chance, name, asked["request"]["purpose"])
    kept = {**entry["persons"][role], "basis": name}
    change(entry["persons"], role, chance.choice([whole, whole, whole, kept, {}, "consent", ABSENT]))


def another_citation(chance: Random, asked: Question, catalog: Facts) -> None:
    """A basis is cited otherwise."""
    basis = _a_basis(chance, asked)
    cited = ["", " ", "34 CFR 99.3", "34 CFR 99.3; 34 CFR 99.31", "34 CFR 99.3; ", "board policy 4119", 7, ABSENT]
    if basis is not None:
        change(basis, "citation", chance.choice(cited))


def another_module(chance: Random, asked: Question, catalog: Facts) -> None:
    """The modules that are switched on are not those that bases name."""
    change(asked, "modules", chance.choice([[], ["personnel-default"]]))


def another_grant(chance: Random, asked: Question, catalog: Facts) -> None:
    """An element is granted that the rest of the agreement does not reckon with."""
    entry = chance.choice(asked["agreements"])
    described = catalog["resources"][entry["resource"]]["elements"]
    kinds: dict[str, list[str]] = {}
    for path, element in described.items():
        for kind in (element.get("class"), element.get("pii"), f"floor {element.get('floor', ABSENT)}", element.get("type")):
            kinds.setdefault(str(kind), []).append(path)
    path = chance.choice(chance.choice([*(kinds[kind] for kind in sorted(kinds)), ["shoeSize"]]))
    if isinstance(entry["elements"], dict):
        entry["elements"][path] = deepcopy(chance.choice([*4 * [{"treatment": "share"}], *TREATMENTS]))


def another_row(chance: Random, asked: Question, catalog: Facts) -> None:
    """Rows are chosen by whatever element, in whatever way."""
    entry = chance.choice(asked["agreements"])
    if not isinstance(entry["rows"], list):
        return
    related = chance.choice([False, True])
    place = chance.choice(sorted(catalog["resources"])) if related else entry["resource"]
    path = chance.choice([*catalog["resources"][place]["elements"], "shoeSize"])
    comparison = chance.choice(["in", "in", "equals", "at_least", "at_most", "present", "like"])
    condition: dict[str, Any] = {
        "element": path,
        "comparison": comparison,
        "values": chance.choice([["a"], [True], [], ["a", "b"], "a"]),
    }
    if chance.randint(1, 3) == 1:
        naming = [path for path, element in catalog["resources"][place]["elements"].items() if element.get("names")]
        condition = {"roster": chance.choice([*naming, *naming, path])}
    about = chance.choice([*entry["persons"], "dragon"])
    row = {
        "related": chance.choice([place, place, place, "dragons"]),
        "about": about,
        "where": chance.choice([[condition], [condition], []]),
    }
    entry["rows"].append(row if related else condition)


def another_purpose(chance: Random, asked: Question, catalog: Facts) -> None:
    """All agree on a purpose that the bases may not serve."""
    purpose = chance.choice(PURPOSES)
    asked["request"]["purpose"] = purpose
    asked["principal"]["purposes"] = [purpose]
    for entry in asked["agreements"]:
        entry["purposes"] = [*entry["purposes"], purpose]
        entry["interests"][purpose] = chance.choice(["Because", "Because", " "])


def not_the_clients_purpose(chance: Random, asked: Question, catalog: Facts) -> None:
    """The client may not ask for the purpose."""
    asked["principal"]["purposes"] = [purpose for purpose in ("pipeline", "transfer") if purpose != asked["request"]["purpose"]]


def no_interest(chance: Random, asked: Question, catalog: Facts) -> None:
    """Nobody says why the recipient needs it."""
    entry = chance.choice(asked["agreements"])
    entry["interests"] = chance.choice([{}, {asked["request"]["purpose"]: " "}, {asked["request"]["purpose"]: None}])


def filters(chance: Random, asked: Question, catalog: Facts) -> None:
    """The client looks somebody up."""
    known = sorted(catalog["resources"][asked["request"]["resource"]]["elements"])
    asked["request"]["filters"] = sorted(chance.sample([*known, "shoeSize"], chance.randint(1, 2)))


def feed(chance: Random, asked: Question, catalog: Facts) -> None:
    """What changed is asked for."""
    asked["request"]["operation"] = "feed"


def another_agreement(chance: Random, asked: Question, catalog: Facts) -> None:
    """A second agreement covers the request, or nearly."""
    other = deepcopy(asked["agreements"][0])
    other["id"] = chance.choice(["agreement-1", "agreement-0"])
    change(other, "provider", chance.choice(["lakeside", "hillside"]))
    asked["agreements"].append(other)
    if chance.choice([False, True]):
        in_an_agreement(chance, asked, catalog)
    if chance.choice([False, True]):
        change(asked, *chance.choice([("request.provider", "hillside"), ("request.agreement", "agreement-1")]))


def another_code_list(chance: Random, asked: Question, catalog: Facts) -> None:
    """The groups of codes are others; a permit gives them as they are."""
    chance.choice(asked["agreements"])["code_lists"] = chance.choice([{}, CODES, {"other": {}}])


def _a_basis(chance: Random, asked: Question) -> Any:
    entry = chance.choice(asked["agreements"])
    bases = [
        basis for basis in (*entry["persons"].values(), entry["legal_basis"]) if isinstance(basis, dict) and "details" in basis
    ]
    return chance.choice(bases) if bases else None


SLIPS: tuple[Slip, ...] = (
    *(4 * [in_an_agreement]),
    in_the_question,
    in_identity,
    *(6 * [in_a_basis]),
    *(3 * [another_basis]),
    another_citation,
    another_module,
    *(6 * [another_grant]),
    *(2 * [another_row]),
    *(3 * [another_purpose]),
    not_the_clients_purpose,
    no_interest,
    *(2 * [filters]),
    feed,
    another_agreement,
    another_code_list,
)
