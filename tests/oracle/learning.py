"""Which elements a random agreement may show, so that nothing is wrong with it."""

from __future__ import annotations

from tests.oracle.grants import PLACING_AND_HIRING, SEALED
from tests.oracle.reading import Facts


def is_known(element: Facts, resource: Facts) -> bool:
    """Whether the catalog says of an element all that the rules ask, and does not prohibit it."""
    person = element.get("person")
    known = {"class", "pii", "floor", "person"} <= element.keys() and (person is None or person in resource["persons"])
    return known and element["class"] != "prohibited" and element["floor"] != "sometimes" and element["pii"] != "wizardry"


def may_be_learnt(element: Facts, basis: str | None, purpose: str) -> bool:
    """Whether an element may be told record by record on a basis."""
    if element["floor"] == "record_level" or (element["floor"] == "hiring" and purpose in PLACING_AND_HIRING):
        return False
    match basis:
        case "a11_directory":
            return bool(element["directory"])
        case "b1_deidentified" | "b2_coded_research":
            return element["class"] not in SEALED
        case "none_not_education_record":
            return (
                element["class"] not in {"sensitive", "free_text"}
                and element["floor"] != "evaluation"
                and element["pii"] not in {"address", "indirect_id", "parent_name"}
            )
    return True
