"""Random questions over the whole query language: filters, orders, walks both ways, counts, formats, exports, change feeds, and
what is no question."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import httpx

from gateway.encode import MEDIA_TYPES

VISIBLE = {
    ("candidates", "placement"): (
        "candidateIdentifier",
        "lastSurname",
        "middleName",
        "telephones.telephoneNumber",
        "addresses.city",
    ),
    ("candidates", "early_hire"): ("firstName", "lastSurname", "addresses.city"),
    ("fieldworkExperiences", "placement"): (
        "fieldworkIdentifier",
        "studentReference.studentUniqueId",
        "schoolReference.schoolId",
        "fieldworkTypeDescriptor",
        "beginDate",
    ),
}
HIDDEN_LITERALS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "candidates": {
        "birthDate": ("1985-06-01", "1995-01-01", "2000-01-01"),
        "sexDescriptor": ("'a'", "'b'", "'M'"),
        "hispanicLatinoEthnicity": ("true", "false"),
        "economicDisadvantageDescriptor": ("'c'", "'d'", "''"),
        "races.raceDescriptor": ("'a'", "'W'"),
        "electronicMails.electronicMailAddress": ("'a'", "'@'"),
        "addresses.postalCode": ("'50000'", "'6'"),
        "noSuchElement": ("1", "'a'"),
    },
    "fieldworkExperiences": {
        "hoursCompleted": ("1.5", "50", "99"),
        "endDate": ("2026-12-18", "2027-03-01", "2027-10-01"),
        "educatorPreparationProgramReference.programName": ("'Another program'", "'B'"),
        "noSuchElement": ("1", "'a'"),
    },
}
"""What is hidden or not there at all, with values that would tell the worlds apart."""
HIDDEN = tuple(dict.fromkeys(path for literals in HIDDEN_LITERALS.values() for path in literals))
SORTABLE = ("schoolReference.schoolId", "fieldworkTypeDescriptor", "beginDate")
PSEUDONYMS = frozenset({"candidateIdentifier", "fieldworkIdentifier", "studentReference.studentUniqueId"})
COMPARABLE = frozenset({*SORTABLE, *PSEUDONYMS, "addresses.city"})
NUMBERS = frozenset({"beginDate", "schoolReference.schoolId"})
SIGNS = ("%", "_", "O'Brien", "")
GENERALISED = frozenset({"beginDate"})
TEXTS = {
    "addresses.city": ("Fairview", "Riverton", "St. Charles", "S", "Vanished", "Vanished", "Van", "ish", *SIGNS),
    "fieldworkTypeDescriptor": ("uri://lakeside.example/FieldworkTypeDescriptor#Practicum", "uri:", "Practicum", "hidden", *SIGNS),
}
COMPARE = ("eq", "ne", "lt", "le", "gt", "ge", "contains", "startswith")
SLIPS = ("'", "(", ")", "&&", " eq", "and", "=", '"', "null", "é", "not ")


Route = Literal["", "/changes", "/export"]
Worlds = tuple[str, str]
"""What the two worlds call the same: their own names of a version and of a place in a feed, which are new in every answer."""


@dataclass(frozen=True)
class Question:
    """One request, asked of both worlds; `own` are the parameters whose value each world has of its own."""

    resource: str
    parameters: Mapping[str, str]
    route: Route = ""
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, Worlds] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/v1/{self.resource}{self.route}"

    def asked_of(self, world: int) -> Mapping[str, str]:
        return {**self.parameters, **{name: texts[world] for name, texts in self.own.items()}}


def marks(answer: httpx.Response) -> Mapping[str, str]:
    """Where an answer can be gone on from, by the name that it has there."""
    found = {name: answer.headers[f"gateway-{name}"] for name in ("next", "prev") if f"gateway-{name}" in answer.headers}
    if answer.content and answer.headers.get("content-type") == MEDIA_TYPES["json"]:
        body = answer.json()
        found |= {name: body[name] for name in ("next", "prev") if isinstance(body.get(name), str)}
    return found


@dataclass
class Known:
    """What the partner has learned: values that it saw, walks that it can go on with, and values that only the hidden side has."""

    hidden: Sequence[str]
    pseudonyms: list[str] = field(default_factory=lambda: ["0" * 32])
    walks: list[Question] = field(default_factory=list)
    versions: list[Worlds] = field(default_factory=lambda: [("1", "1")])
    places: list[Question] = field(default_factory=list)
    tagged: list[Question] = field(default_factory=list)

    def learn(self, question: Question, answers: tuple[httpx.Response, httpx.Response]) -> None:
        answer = answers[0]
        if any(told.status_code != httpx.codes.OK for told in answers):
            return
        if question.route == "/changes":
            following = marks(answers[0])["next"], marks(answers[1])["next"]
            self.places.append(replace(question, own={"since": following}))
        elif question.route == "":
            self.versions.append((answers[0].headers["gateway-version"], answers[1].headers["gateway-version"]))
            if not question.own:
                self.tagged.append(replace(question, headers={**question.headers, "if-none-match": answer.headers["etag"]}))
            found = tuple(marks(told) for told in answers)
            for name in found[0].keys() & found[1].keys():
                cursors = found[0][name], found[1][name]
                known = {"parameters": {**question.parameters, "cursor": cursors[0]}}
                own = {"own": {**question.own, "cursor": cursors}}
                self.walks.append(replace(question, method="GET", headers={}, **(own if question.own else known)))
        if answer.content and question.route == "" and answer.headers.get("content-type") == MEDIA_TYPES["json"]:
            for record in answer.json()["data"][:3]:
                self.pseudonyms += [record[path] for path in PSEUDONYMS if isinstance(record.get(path), str)]


def random_question(chance: random.Random, known: Known) -> Question:
    """A new question, or a step on a walk that one began; sometimes with another's cursor."""
    if known.walks and chance.random() < 0.3:
        step = known.walks[-1 - chance.randrange(min(4, len(known.walks)))] if chance.random() < 0.8 else chance.choice(known.walks)
        return replace(step, parameters={**step.parameters, "limit": str(chance.choice((1, 2, 3, 5, 8)))})
    if known.tagged and chance.random() < 0.04:
        return known.tagged[-1 - chance.randrange(min(20, len(known.tagged)))]
    resource, purpose = chance.choice((*VISIBLE, ("fieldworkExperiences", "placement")))
    visible = VISIBLE[resource, purpose]
    kind = chance.random()
    if kind < 0.08:
        return _changes(chance, resource, purpose, known)
    if kind < 0.14:
        return _export(chance, resource, purpose, known)
    own: dict[str, Worlds] = {}
    parameters: dict[str, str] = {"purpose": purpose, "limit": str(chance.choice((1, 2, 3, 5, 8, 20, 60, 1000)))}
    if chance.random() < 0.3:
        parameters["select"] = _select(chance, visible)
    if chance.random() < 0.2:
        path = chance.choice([*HIDDEN_LITERALS[resource]] if chance.random() < 0.3 else visible)
        parameters[path] = _value(chance, path, known)
    if chance.random() < 0.6:
        parameters["filter"] = _filter(chance, resource, visible, known)
    if chance.random() < (0.5 if resource == "fieldworkExperiences" else 0.1):
        parameters["sort"] = _sort(chance, visible)
    if chance.random() < 0.3:
        parameters["count"] = chance.choice(("exact",) * 8 + ("none", "some"))
    if chance.random() < 0.05:
        parameters["cursor"] = chance.choice(known.walks).parameters.get("cursor", "x") if known.walks else "x"
    if chance.random() < 0.15:
        beside = {"candidates": "fieldworkExperiences", "fieldworkExperiences": "candidates"}[resource]
        parameters["expand"] = beside if chance.random() < 0.8 else chance.choice((resource, "staffs", "noSuchResource", ""))
    if chance.random() < 0.1:
        own["as_of"] = chance.choice(known.versions)
    if chance.random() < 0.05:
        parameters["provider"] = chance.choice(("lakeside", "riverton", "nowhere"))
    if chance.random() < 0.05:
        parameters["agreement"] = chance.choice(("what-the-partner-sees", "what-another-sees"))
    headers = {"accept": _format(chance)} if chance.random() < 0.2 else {}
    if chance.random() < 0.02:
        headers["if-none-match"] = chance.choice(("*", "no-such-tag", '"'))
    return Question(resource, parameters, method="HEAD" if chance.random() < 0.05 else "GET", headers=headers, own=own)


def _changes(chance: random.Random, resource: str, purpose: str, known: Known) -> Question:
    """From the beginning, or from a place that an earlier answer named, and sometimes with what changes do not take."""
    if known.places and chance.random() < 0.85:
        place = known.places[-1 - chance.randrange(min(12, len(known.places)))]
        return replace(place, parameters={**place.parameters, "limit": str(chance.choice((1, 2, 5, 60)))})
    parameters = {"purpose": purpose, "limit": str(chance.choice((1, 3, 8, 60)))}
    if chance.random() < 0.3:
        parameters["select"] = _select(chance, VISIBLE[resource, purpose])
    if chance.random() < 0.1:
        path = chance.choice(HIDDEN)
        parameters[path] = chance.choice(known.hidden)
    return Question(resource, parameters, "/changes", headers={"accept": _format(chance)} if chance.random() < 0.2 else {})


def _export(chance: random.Random, resource: str, purpose: str, known: Known) -> Question:
    visible = VISIBLE[resource, purpose]
    parameters = {"purpose": purpose}
    if chance.random() < 0.5:
        parameters["filter"] = _filter(chance, resource, visible, known)
    if chance.random() < 0.3:
        parameters["select"] = _select(chance, visible)
    return Question(resource, parameters, "/export", headers={"accept": _format(chance)})


def _select(chance: random.Random, visible: Sequence[str]) -> str:
    return ",".join(chance.sample(visible, chance.randrange(1, len(visible) + 1)) + chance.sample(HIDDEN, chance.random() < 0.2))


def _format(chance: random.Random) -> str:
    return chance.choice((*MEDIA_TYPES.values(), "*/*")) if chance.random() < 0.97 else "text/html"


def _filter(chance: random.Random, resource: str, visible: Sequence[str], known: Known) -> str:
    kind = chance.random()
    if kind < 0.2:
        text = _of_the_hidden(chance, HIDDEN_LITERALS[resource])
    else:
        # What is shown otherwise than it is stored is asked about more often.
        comparable = [path for path in visible if path in COMPARABLE] + [path for path in visible if path in GENERALISED] * 2
        text = _tree(chance, comparable if kind < 0.9 else (*visible, *HIDDEN), known, 2)
    if chance.random() < 0.06:
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(SLIPS) + text[at + chance.randrange(3) :]
    return text


def _of_the_hidden(chance: random.Random, literals: Mapping[str, Sequence[str]]) -> str:
    """What would be answered if the element were not hidden."""
    path, values = chance.choice(list(literals.items()))
    comparison = chance.choice((*COMPARE[:6], "isnull"))
    return f"{path} isnull" if comparison == "isnull" else f"{path} {comparison} {chance.choice(values)}"


def _tree(chance: random.Random, paths: Sequence[str], known: Known, deepest: int) -> str:
    if deepest == 0 or chance.random() < 0.5:
        return _comparison(chance, chance.choice(paths), known)
    if chance.random() < 0.35:
        return f"not ({_tree(chance, paths, known, deepest - 1)})"
    parts = [_tree(chance, paths, known, deepest - 1) for _ in range(chance.choice((2, 2, 3)))]
    return f"({chance.choice((' and ', ' or ')).join(parts)})"


def _comparison(chance: random.Random, path: str, known: Known) -> str:
    """Mostly one that can be answered."""
    if chance.random() < 0.1:
        return f"{path} isnull"
    if chance.random() < 0.15:
        return f"{path} in ({', '.join(_literal(chance, path, known) for _ in range(chance.randrange(1, 4)))})"
    operators: Sequence[str] = COMPARE
    if chance.random() < 0.95:
        operators = COMPARE[:2] if path in PSEUDONYMS else COMPARE[:6] if path in {*NUMBERS, *HIDDEN} else COMPARE
    return f"{path} {chance.choice(operators)} {_literal(chance, path, known)}"


def _literal(chance: random.Random, path: str, known: Known) -> str:
    value = _value(chance, path, known)
    if path in NUMBERS or (path in HIDDEN and value[:1].isdigit()):
        return value
    return "'" + value.replace("'", "''") + "'"


def _value(chance: random.Random, path: str, known: Known) -> str:
    if path in HIDDEN:
        return chance.choice(known.hidden)
    if path in PSEUDONYMS:
        return chance.choice(known.pseudonyms)
    if path == "schoolReference.schoolId":
        return str(600_100 + chance.randrange(1, 43))
    if path == "beginDate":
        return chance.choice(("2026", "2026", "2025", "2027")) if chance.random() < 0.95 else "2026-08-24"
    texts = TEXTS.get(path, SIGNS)
    return chance.choice((*known.hidden, *texts)) if chance.random() < 0.3 else chance.choice(texts)


def _sort(chance: random.Random, visible: Sequence[str]) -> str:
    paths = chance.sample(SORTABLE, chance.randrange(1, 4))
    if chance.random() < 0.15:
        paths[0] = chance.choice((*visible, *HIDDEN))
    return ",".join(chance.choice(("", "-")) + path for path in paths)
