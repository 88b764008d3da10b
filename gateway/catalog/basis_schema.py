"""The part of the agreement file's JSON Schema that is about legal bases: what each may say, and from which rule it comes."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.catalog.schema_words import DAY, LIST, SLUG, TEXT, YES_OR_NO, choice, closed, whole
from gateway.domain.agreement import BASES

_DESTRUCTION = closed({"days_after_end": whole(0, 36500)}, ("days_after_end",))
_DEIDENTIFIED: Mapping[str, Mapping[str, object]] = {
    "smallest_class": {**whole(1, 100_000), "description": "How many rows at least share one combination; 10 or more."},
    "quasi_identifiers": {**LIST, "description": "Elements that could together single somebody out."},
}
DETAILS: Mapping[str, Mapping[str, Mapping[str, object]]] = {
    "consent": {
        "form": closed(
            {
                "id": SLUG,
                "text_sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "Of the text that people sign."},
                "records": {
                    "description": "Per resource the elements that the text names.",
                    "type": "object",
                    "additionalProperties": LIST,
                },
            },
            (),
        )
    },
    "a1_school_official": {
        "institutional_function": {**TEXT, "description": "The job of the provider's that the recipient does."},
        "direct_control": {**TEXT, "description": "How the provider directs the use and maintenance of the records."},
        "legitimate_interest": {**TEXT, "description": "Why the recipient needs them."},
        "roles": {**LIST, "description": "Who at the recipient sees them."},
    },
    "a2_enrollment": {"notice": choice(("annual", "given", "initiated_by_student"), "How the student was told.")},
    "a3_audit_eval": {
        "authority": {**TEXT, "description": "The law that asks for the audit or evaluation."},
        "designated_representative": {**TEXT, "description": "The recipient's name."},
        "program": TEXT,
        "activity": {**TEXT, "description": "What is done with the information, in a paragraph."},
        "safeguards": TEXT,
        "destruction": _DESTRUCTION,
        "verification": closed({"last_on": DAY, "audit_right": YES_OR_NO}, ()),
    },
    "a6_study": {
        "on_behalf_of": {**TEXT, "description": "The provider's id."},
        "study": closed(
            {
                "purpose": choice(("predictive_tests", "student_aid", "improve_instruction"), "What the study is for."),
                "scope": TEXT,
                "from": DAY,
                "until": DAY,
            },
            (),
        ),
        "no_identification": YES_OR_NO,
        "representatives": LIST,
        "destruction": _DESTRUCTION,
    },
    "a7_accreditation": {"organisation": TEXT},
    "a9_order_or_subpoena": {"order": closed({"court": TEXT, "number": TEXT, "dated": DAY}, ())},
    "a10_emergency": {"threat": TEXT},
    "a11_directory": {
        "notice": closed(
            {
                "published": DAY,
                "opt_out_until": DAY,
                "designated": {**LIST, "description": "Elements' last names, as in firstName."},
                "parties": {**LIST, "description": "The only recipients, where the notice is limited (34 CFR 99.37(d))."},
                "purposes": {**LIST, "description": "The only purposes, where the notice is limited (34 CFR 99.37(d))."},
            },
            (),
        )
    },
    "a12_self": {},
    "b1_deidentified": _DEIDENTIFIED,
    "b2_coded_research": {
        **_DEIDENTIFIED,
        "project": TEXT,
        "code_source": {**TEXT, "description": "random: a code from a person's data is none."},
    },
    "none_not_education_record": {"module": {**SLUG, "description": "A state-law module that the gateway has switched on."}},
}
"""What each basis may say beside its name and citation."""


def bases_schema() -> dict[str, object]:
    """`basis`: one of the known ones, with what it may say."""
    citation = {**TEXT, "description": "The rule that counsel can look up."}
    forms = {
        name: closed({"basis": {"const": name}, "citation": citation, **details}, ("basis", "citation"))
        for name, details in DETAILS.items()
    }
    branches = [
        {"if": {"properties": {"basis": {"const": name}}, "required": ["basis"]}, "then": {"$ref": f"#/$defs/basis_{name}"}}
        for name in forms
    ]
    described = {
        "description": "The ground on which the data flow.",
        "type": "object",
        "required": ["basis", "citation"],
        "properties": {"basis": {"enum": list(BASES)}, "citation": citation},
        "allOf": branches,
    }
    return {"basis": described, **{f"basis_{name}": form for name, form in forms.items()}}
