"""Random questions over the whole query language: filters, orders, walks both ways, counts, and what is no question."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import httpx

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


@dataclass(frozen=True)
class Question:
    """One request, asked of both worlds."""

    resource: str
    parameters: Mapping[str, str]


@dataclass
class Known:
    """What the partner has learned: values that it saw, walks that it can go on with, and values that only the hidden side has."""

    hidden: Sequence[str]
    pseudonyms: list[str] = field(default_factory=lambda: ["0" * 32])
    walks: list[Question] = field(default_factory=list)
    versions: list[str] = field(default_factory=lambda: ["1"])

    def learn(self, question: Question, answer: httpx.Response) -> None:
        if answer.status_code != httpx.codes.OK:
            return
        self.versions.append(answer.headers["gateway-version"])
        body = answer.json()
        for cursor in (body["next"], body["prev"]):
            if cursor is not None:
                self.walks.append(Question(question.resource, {**question.parameters, "cursor": cursor}))
        for record in body["data"][:3]:
            self.pseudonyms += [record[path] for path in PSEUDONYMS if isinstance(record.get(path), str)]


def random_question(chance: random.Random, known: Known) -> Question:
    """A new question, or a step on a walk that one began; sometimes with another's cursor."""
    if known.walks and chance.random() < 0.3:
        step = known.walks[-1 - chance.randrange(min(4, len(known.walks)))] if chance.random() < 0.8 else chance.choice(known.walks)
        return Question(step.resource, {**step.parameters, "limit": str(chance.choice((1, 2, 3, 5, 8)))})
    resource, purpose = chance.choice((*VISIBLE, ("fieldworkExperiences", "placement")))
    visible = VISIBLE[resource, purpose]
    parameters: dict[str, str] = {"purpose": purpose, "limit": str(chance.choice((1, 2, 3, 5, 8, 20, 60, 1000)))}
    if chance.random() < 0.3:
        parameters["select"] = ",".join(
            chance.sample(visible, chance.randrange(1, len(visible) + 1)) + chance.sample(HIDDEN, chance.random() < 0.2)
        )
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
        parameters["cursor"] = chance.choice(known.walks).parameters["cursor"] if known.walks else "x"
    if chance.random() < 0.15:
        beside = {"candidates": "fieldworkExperiences", "fieldworkExperiences": "candidates"}[resource]
        parameters["expand"] = beside if chance.random() < 0.8 else chance.choice((resource, "staffs", "noSuchResource", ""))
    if chance.random() < 0.1:
        parameters["as_of"] = chance.choice(known.versions)
    if chance.random() < 0.05:
        parameters["provider"] = chance.choice(("lakeside", "riverton", "nowhere"))
    if chance.random() < 0.05:
        parameters["agreement"] = chance.choice(("what-the-partner-sees", "what-another-sees"))
    return Question(resource, parameters)


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
