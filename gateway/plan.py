"""Plan (pure): turn a request and its permit into the one query that may be run.

Everything the client names is looked up in the permit's elements; what is not there does not exist.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import assert_never

from gateway.catalog.model import Element, Resource
from gateway.domain.access import AccessRequest, Scalar
from gateway.domain.decision import Permit, RelatedPredicate, RowPredicate
from gateway.domain.identifiers import ElementPath, RecordId
from gateway.domain.query_plan import Condition, Origin, PlannedElement, QueryPlan
from gateway.domain.treatments import AggregateOnly, Generalise, MaskText, Pseudonymise, Share, Withhold
from gateway.errors import IntegrityError, RequestError, UnknownElement
from gateway.keys.pseudonym import Pseudonyms

NO_SUCH_ELEMENT = "`{}` is not an element of your permitted view of this resource."
WHOLE_NUMBER = 1 << 63
NOBODY: tuple[Scalar, ...] = ()


def compile_plan(
    request: AccessRequest, permit: Permit, resource: Resource, pseudonyms: Pseudonyms, after: RecordId | None
) -> QueryPlan:
    """Raises `UnknownElement` for what the permit does not name and `RequestError` for what cannot be compared."""
    permitted = tuple(
        _planned(element, permit, resource) for element in resource.every_element() if element.path in permit.elements
    )
    known = {element.path: element for element in permitted}
    return QueryPlan(
        resource=resource.name,
        provider=permit.provider,
        permitted=permitted,
        selected=tuple(element for element in permitted if element.path in _selected(request, known)),
        scope=tuple(
            Condition(_element(resource, predicate.element).column, predicate.comparison, predicate.values)
            for predicate in _plain(permit.rows)
        ),
        excluded_persons=tuple(_person_column(resource, role) for role in permit.excluded_opt_outs),
        person_columns=tuple((role, _person_column(resource, role)) for role in resource.persons),
        filters=tuple(_filter(path, text, known, resource, pseudonyms) for path, text in request.filters),
        after=after,
        limit=request.limit,
    )


def _plain(rows: tuple[RowPredicate | RelatedPredicate, ...]) -> tuple[RowPredicate, ...]:
    plain = tuple(predicate for predicate in rows if isinstance(predicate, RowPredicate))
    if len(plain) < len(rows):
        raise IntegrityError("The permit has rows that cannot be planned.")
    return plain


def _selected(request: AccessRequest, known: Mapping[ElementPath, PlannedElement]) -> frozenset[ElementPath]:
    if not request.select:
        return frozenset(known)
    for path in request.select:
        if path not in known:
            raise UnknownElement(NO_SUCH_ELEMENT.format(path))
    return frozenset(request.select)


def _planned(element: Element, permit: Permit, resource: Resource) -> PlannedElement:
    treatment = permit.elements[element.path]
    collection = element.path.partition(".")[0]
    origin: Origin
    column: str | None = element.column
    key_space = None
    match treatment:
        case Pseudonymise():
            origin = "surrogate"
            if element.stands_for == "self":
                column, key_space = "record_id", resource.key_space
            else:
                reference = resource.references[str(element.stands_for)]
                column, key_space = reference.column, reference.target
        case Generalise("year"):
            origin = "year"
        case Generalise():
            raise IntegrityError("The permit has a treatment that cannot be planned.")
        case Share() | MaskText():
            origin = "sealed" if element.sealed else "column"
            column = None if element.sealed else element.column
        case Withhold() | AggregateOnly():
            raise UnknownElement(NO_SUCH_ELEMENT.format(element.path))
        case _:
            assert_never(treatment)
    return PlannedElement(
        element.path, origin, treatment, column, key_space, collection if collection in resource.collections else None
    )


def _filter(
    path: ElementPath,
    text: str,
    known: Mapping[ElementPath, PlannedElement],
    resource: Resource,
    pseudonyms: Pseudonyms,
) -> Condition:
    planned = known.get(path)
    if planned is None:
        raise UnknownElement(NO_SUCH_ELEMENT.format(path))
    if planned.collection or planned.origin == "sealed" or isinstance(planned.treatment, MaskText):
        raise RequestError(f"`{path}` cannot be compared in your permitted view: it is a list, an identifier or masked.")
    if planned.origin == "surrogate":
        surrogate = pseudonyms.surrogate(text, str(planned.key_space))
        return Condition(path, "equals" if surrogate is not None else "in", NOBODY if surrogate is None else (surrogate,))
    kind = "integer" if planned.origin == "year" else _element(resource, path).type
    return Condition(path, "equals", (_typed(path, text, kind),))


def _typed(path: ElementPath, text: str, kind: str) -> Scalar:
    """The value a client compares with, as the treated element's type. Raises `RequestError` that names the type."""
    try:
        match kind:
            case "integer":
                number = int(text)
                if -WHOLE_NUMBER <= number < WHOLE_NUMBER:
                    return number
            case "number":
                amount = float(text)
                if math.isfinite(amount):
                    return amount
            case "boolean":
                if text in {"true", "false"}:
                    return text == "true"
            case "date":
                return date.fromisoformat(text).isoformat()
            case "datetime":
                datetime.fromisoformat(text)
                return text
            case _:
                return text
    except ValueError:
        pass
    raise RequestError(f"`{path}` is compared with a {kind}; write it as one (dates as YYYY-MM-DD, booleans as true or false).")


def _element(resource: Resource, path: str) -> Element:
    element = resource.element(path)
    if element is None:
        raise UnknownElement(NO_SUCH_ELEMENT.format(path))
    return element


def _person_column(resource: Resource, role: str) -> str:
    return "person_id" if next(iter(resource.persons)) == role else f"{role}_person_id"
