"""JSON Schema (2020-12) of the agreement file, so that an editor completes names and shows what they mean while somebody writes.

It knows shapes and names. What the law requires, and what refers from one place of a file to another, `gateway agreement check`
alone can tell. A parameter of a template may stand for any text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import get_args

from gateway.catalog.basis_schema import bases_schema
from gateway.catalog.fitting import KINDS, WORDS, fitting
from gateway.catalog.model import Catalog, Element, PiiKind, Resource, Sensitivity
from gateway.catalog.schema_words import DAY, LIST, PARAMETER, SLUG, TEXT, YES_OR_NO, choice, closed, listed, whole
from gateway.domain.agreement import FORMATS, PARTY_KINDS, PURPOSES, RenewalKind
from gateway.domain.treatments import Mask

RELATIONS = {
    "placed_in_our_schools": "rows of people with a placement at one of the recipient's education_organizations",
    "applied_to_us": "rows of people with an application to one of them",
    "hired_by_us": "rows of people employed at one of them",
    "prepared_by_us": "rows of staff whose preparation program belongs to the recipient",
    "in_programs": "rows of people enrolled in one of the programs",
    "graduating": "rows of people whose enrolment ends within the next terms",
    "in_the_roster_submitted": "rows that name somebody in the roster that the recipient submitted",
}
_COMPARISONS: Mapping[str, Mapping[str, object]] = {
    "equals": {"description": "The element is this."},
    "in": {
        "description": "The element is one of these.",
        "anyOf": [
            {"type": "array", "minItems": 1},
            {"type": ["string", "number"]},
            closed({"organisations_of": TEXT}, ("organisations_of",)),
            closed({"code_list": TEXT, "groups": LIST}, ("code_list", "groups")),
        ],
    },
    "at_least": {"description": "The element is not below this."},
    "at_most": {"description": "The element is not above this."},
    "present": {**YES_OR_NO, "description": "The element has a value."},
    "within": {
        "description": "The day is today or ahead, within so many days or academic terms.",
        **closed({"days": whole(1, 3660), "terms": whole(1, 30)}, ()),
        "minProperties": 1,
        "maxProperties": 1,
    },
}


def agreement_schema(catalog: Catalog) -> Mapping[str, object]:
    """The schema, with the catalog's resources, elements and descriptions."""
    resources: dict[str, object] = {resource.name: _resource(resource) for resource in catalog.resources.values()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Agreement, version 1",
        **closed(_members(resources), ("version", "id", "title", "timezone", "term", "parties")),
        "if": {"properties": {"kind": {"const": "operation"}}, "required": ["kind"]},
        "then": {"required": ["provider", "operator"], "properties": {"schedules": False}},
        "else": {"required": ["destruction", "schedules"], "properties": {"operator": False}},
        "$defs": {**bases_schema(), **_treatments(catalog), "limits": _limits(), **_conditions()},
    }


def _members(resources: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    return {
        "version": {"const": 1, "description": "The version of this language."},
        "kind": choice(("sharing", "operation"), "What the agreement is about: sharing records, or who runs the gateway."),
        "id": {**SLUG, "description": "Its name for good: small letters, digits, hyphens."},
        "title": {**TEXT, "description": "What people call it."},
        "timezone": {**TEXT, "description": "Days of this agreement are days there, as in America/Chicago."},
        "term": {
            **closed({"from": _edge(), "until": _edge()}, ("from", "until")),
            "description": "First and last day, both included.",
        },
        "renewal": closed(
            {"how": choice(get_args(RenewalKind), "How the term goes on."), "notice_days": whole(1, 36500)}, ("how",)
        ),
        "suspension": closed({"by": LIST, "in_words": TEXT}, ()),
        "parties": {
            "description": "The institutions that sign, by id.",
            "type": "object",
            "minProperties": 1,
            "propertyNames": SLUG,
            "additionalProperties": _party(),
        },
        "redisclosure": {
            **closed({"allowed": YES_OR_NO, "notice": TEXT, "additional_parties": _additional()}, ("allowed",)),
            "description": "Whether the recipient may pass records on (34 CFR 99.33), and the notice that every answer carries.",
        },
        "destruction": {
            **closed({"days_after_end": whole(0, 36500), "method": TEXT, "certification": YES_OR_NO}, ("days_after_end",)),
            "description": "When and how the recipient destroys its copies.",
        },
        "minimum_cell_size": {**whole(5, 1000), "description": "The smallest count that a published table shows."},
        "disclosure_control": choice(("suppression",), "The method for tables."),
        "breach_notice_hours": {**whole(1, 720), "description": "How soon a breach is told."},
        "academic_terms": {
            "description": "Names and last days of terms.",
            "type": "object",
            "minProperties": 1,
            "additionalProperties": DAY,
        },
        "code_lists": {
            "description": "Codes and the groups they fall in, by the list's name.",
            "type": "object",
            "propertyNames": SLUG,
            "additionalProperties": closed(
                {"title": TEXT, "groups": {"type": "object", "minProperties": 1, "additionalProperties": LIST}}, ("groups",)
            ),
        },
        "schedules": {"description": "What flows from whom to whom.", **listed(_schedule(resources))},
        "provider": {**TEXT, "description": "Whose records are in the gateway (kind: operation)."},
        "operator": {
            "description": "Who runs the gateway (kind: operation).",
            "anyOf": [
                closed({"self_hosted": {"const": True}}, ("self_hosted",)),
                closed({"party": TEXT, "legal_basis": {"$ref": "#/$defs/basis"}}, ("party", "legal_basis")),
            ],
        },
        "template": {
            "description": "One text for many partners: ${name} stands for what each member says.",
            **closed(
                {"parameters": listed({"type": "string", "pattern": "^[a-z][a-z0-9_]*$"}), "members": listed({"type": "object"})},
                ("parameters", "members"),
            ),
        },
    }


def _edge() -> Mapping[str, object]:
    year = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$", "description": "As in 2026-27: 1 July to 30 June."}
    return {"anyOf": [DAY, closed({"school_year": year}, ("school_year",))]}


def _party() -> Mapping[str, object]:
    officer = closed({"name": TEXT, "title": TEXT}, ("name",))
    number = {"type": "integer", "minimum": 1}
    return closed(
        {
            "name": TEXT,
            "kind": {
                "description": "What the institution is; one or more.",
                "anyOf": [listed(choice(PARTY_KINDS, "A kind of party.")), {"enum": list(PARTY_KINDS)}],
            },
            "contact": {**TEXT, "description": "Where people reach it."},
            "authorised_representative": {**officer, "description": "Who may sign for it."},
            "custodian": {**officer, "description": "Who answers for the records."},
            "education_organizations": {
                "description": "Ed-Fi ids of the institution and its schools; in our schools means exactly these.",
                "anyOf": [listed({"anyOf": [number, PARAMETER]}), PARAMETER],
            },
        },
        ("name", "kind"),
    )


def _additional() -> Mapping[str, object]:
    return listed(closed({"name": TEXT, "legitimate_interest": TEXT}, ("name", "legitimate_interest")))


def _limits() -> Mapping[str, object]:
    return closed({"requests_per_minute": whole(1, 6000), "rows_per_day": whole(1, 100_000_000)}, ())


def _served() -> dict[str, Mapping[str, object]]:
    return {
        "formats": {
            "description": "How records may be given; json where nothing is said.",
            "anyOf": [listed(choice(FORMATS, "A format.")), {"enum": list(FORMATS)}],
        },
        "change_feed": {**YES_OR_NO, "description": "Whether the recipient may ask for what changed."},
        "limits": {"$ref": "#/$defs/limits", "description": "How much the recipient may ask for."},
    }


def _schedule(resources: Mapping[str, object]) -> Mapping[str, object]:
    interest = closed({"legitimate_interest": {**TEXT, "description": "Why, in words."}}, ("legitimate_interest",))
    return closed(
        {
            "id": SLUG,
            "provider": {**TEXT, "description": "Whose records."},
            "recipient": {**TEXT, "description": "Who sees them."},
            "legal_basis": {"$ref": "#/$defs/basis"},
            "purposes": {
                "description": "What the records are for.",
                "type": "object",
                "minProperties": 1,
                "additionalProperties": False,
                "properties": dict.fromkeys(PURPOSES, interest),
            },
            "resources": {**closed(resources, ()), "minProperties": 1, "description": "Which kinds of records."},
            "operation": {**SLUG, "description": "The id of the operation agreement that both sides know of."},
            "tables": {
                "description": "Aggregate tables that the provider offers.",
                "type": "object",
                "additionalProperties": closed(
                    {"resource": TEXT, "dimensions": LIST, "measure": {"const": "count"}}, ("resource", "dimensions", "measure")
                ),
            },
            **_served(),
        },
        ("id", "provider", "recipient", "legal_basis", "purposes", "resources"),
    )


def _resource(resource: Resource) -> Mapping[str, object]:
    shareable = [element for element in resource.every_element() if element.sensitivity != "prohibited"]
    own: dict[str, Mapping[str, object]] = {
        "purposes": {
            "description": "Only some of the schedule's.",
            "anyOf": [listed(choice(PURPOSES, "A purpose of the schedule.")), {"enum": list(PURPOSES)}],
        },
        "legal_basis": {"$ref": "#/$defs/basis"},
        "rows": {"description": "All of these conditions must hold; every row without any.", **listed(_row(resource))},
        "discloses": {**LIST, "description": "What the partner learns by seeing which rows there are."},
        "by_class": {"description": "Elements by what they are, instead of by name.", **listed(_by_class(resource))},
        "elements": {
            "description": "What happens to each element; what is not named is withheld.",
            "minProperties": 1,
            **closed({element.path: _element(element) for element in shareable}, ()),
        },
        **_served(),
    }
    if resource.persons:
        basis = closed({"legal_basis": {"$ref": "#/$defs/basis"}}, ("legal_basis",))
        own["persons"] = {
            "description": "Another legal basis for one person of a row.",
            **closed(dict.fromkeys(resource.persons, basis), ()),
        }
    return {"description": resource.title, **closed(own, ()), "anyOf": [{"required": ["elements"]}, {"required": ["by_class"]}]}


def _element(element: Element) -> Mapping[str, object]:
    return {"description": element.description, "$ref": f"#/$defs/{_treatment_name(element)}"}


def _row(resource: Resource) -> Mapping[str, object]:
    paths = [path for path, element in resource.elements.items() if not element.sealed and element.sensitivity != "prohibited"]
    plain = {"$ref": "#/$defs/condition", "properties": {"element": choice(paths, "")}, "required": ["element"]}
    naming = [path for path, element in resource.elements.items() if element.stands_for is not None]
    known = {"about": choice(tuple(resource.persons), ""), **({"by": choice(naming, "")} if naming else {})}
    forms = [{"$ref": f"#/$defs/{name}", "properties": known} for name in ("related", "relation")] if resource.persons else []
    return {"anyOf": [plain, *forms]}


def _conditions() -> Mapping[str, object]:
    """The three forms of a row condition, for any resource."""
    plain = {**closed({"element": TEXT, **_COMPARISONS}, ("element",)), "minProperties": 2, "maxProperties": 2}
    roster = closed({"relation": {"const": "in_the_roster_submitted"}, "by": TEXT}, ("relation", "by"))
    inner = {"anyOf": [{"$ref": "#/$defs/condition"}, {"$ref": "#/$defs/roster"}]}
    relation = {"oneOf": [{"const": name, "description": what} for name, what in RELATIONS.items()]}
    return {
        "condition": plain,
        "roster": roster,
        "related": closed({"related": TEXT, "about": TEXT, "where": listed(inner)}, ("related", "where")),
        "relation": closed(
            {"relation": relation, "about": TEXT, "programs": LIST, "terms": whole(1, 30), "by": TEXT}, ("relation",)
        ),
    }


def _by_class(resource: Resource) -> Mapping[str, object]:
    classes = tuple(name for name in get_args(Sensitivity) if name != "prohibited")
    return {
        **closed(
            {
                "class": choice(classes, "The class in the data dictionary."),
                "pii": choice(get_args(PiiKind), "The kind of PII in the data dictionary."),
                "directory": {**YES_OR_NO, "description": "Whether it can be directory information."},
                "about": choice(tuple(resource.persons), "The person whom it is about."),
                "except": LIST,
                "treatment": {"$ref": "#/$defs/treatment"},
            },
            ("treatment",),
        ),
        "minProperties": 2,
    }


def _treatments(catalog: Catalog) -> dict[str, object]:
    """One definition for each set of treatments that fits some element, and `treatment` for any."""
    elements = [element for resource in catalog.resources.values() for element in resource.every_element()]
    named = {_treatment_name(element): _fitting(fitting(element)) for element in elements}
    every = (
        "share",
        "pseudonymise",
        "return_own_id",
        "redact_text",
        *(kind.example for kind in KINDS.values()),
        *(f"{{mask: {keep}}}" for keep in get_args(Mask)),
    )
    return {"treatment": _fitting((*every, "aggregate_only")), **dict(sorted(named.items()))}


def _treatment_name(element: Element) -> str:
    if element.sensitivity == "free_text":
        return f"treatment_{element.type}_free_text"
    special = [name for name in ("age_band", "zip3", "grade_band") if KINDS[name].fits(element)]
    return "_".join(["treatment", element.type, *special, *(["pseudonymise"] if element.stands_for is not None else [])])


def _fitting(examples: Iterable[str]) -> Mapping[str, object]:
    """Every treatment among these, in the forms that it is written in."""
    words = [example for example in examples if "{" not in example]
    ways = [name for name, kind in KINDS.items() if kind.example in set(examples)]
    alone = [name for name in ways if name in WORDS]
    counted = {name: _parameter(name) for name in ways if name not in WORDS}
    forms: list[Mapping[str, object]] = [{"enum": [*words, "withhold"]}]
    if alone:
        forms.append(closed({"generalise": {"enum": alone}}, ("generalise",)))
    if counted:
        inner = {**closed(counted, ()), "minProperties": 1, "maxProperties": 1}
        forms.append(closed({"generalise": inner}, ("generalise",)))
    if any("mask" in example for example in examples):
        forms.append(closed({"mask": {"enum": list(get_args(Mask))}}, ("mask",)))
    return {"anyOf": forms}


def _parameter(name: str) -> Mapping[str, object]:
    if name == "roll_up":
        return {**TEXT, "description": "A code list of this agreement."}
    if name in {"age_band", "band"}:
        return whole(2, 50 if name == "age_band" else 1_000_000)
    return {"type": "number", **({"exclusiveMinimum": 0} if name == "round" else {})}
