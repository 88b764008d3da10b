"""Plan (pure): turn a request and its permit into the one query that may be run.

Everything the client names is looked up in the permit's elements; what is not there does not exist.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import assert_never

from gateway.catalog.look_up import index_column
from gateway.catalog.model import Catalog, Element, Resource, person_column
from gateway.domain.access import AccessRequest, Scalar
from gateway.domain.decision import AheadPredicate, Permit, RelatedPredicate, RosterPredicate, RowPredicate
from gateway.domain.identifiers import AgreementId, ElementPath, ResourceName
from gateway.domain.narrowing import Position
from gateway.domain.query_plan import (
    RECORD_COLUMN,
    Condition,
    ConsentScope,
    FrozenScope,
    Origin,
    PlannedElement,
    QueryPlan,
    RelatedScope,
    RosterScope,
)
from gateway.domain.snapshots import Snapshot
from gateway.domain.treatments import (
    AggregateOnly,
    Generalise,
    MaskText,
    Pseudonymise,
    RedactText,
    ReturnOwnId,
    Share,
    Treatment,
    Withhold,
)
from gateway.errors import IntegrityError, RequestError, UnknownElement
from gateway.narrow import NO_SUCH_ELEMENT, WHOLE_NUMBER, Keyed, Viewed, narrow

NOBODY: tuple[Scalar, ...] = ()


def compile_plan(
    request: AccessRequest,
    permit: Permit,
    catalog: Catalog,
    keyed: Keyed,
    after: Position | None,
    today: date,
    pinned: Snapshot | None = None,
    links: tuple[str, ...] = (),
) -> QueryPlan:
    """`today` is the agreement's day, `pinned` the version to read where that is not the newest, `links` the surrogates
    that are needed beside. Raises `UnknownElement` for what
    the permit does not name, `RequestError` for what cannot be compared, `IntegrityError` for a permit that the catalog cannot
    serve."""
    resource = _resource(catalog, permit.resource)
    permitted = tuple(
        _planned(element, permit, resource) for element in resource.every_element() if element.path in permit.elements
    )
    known = {element.path: element for element in permitted}
    _refuse_on_release(request, permit)
    narrowing, sort = narrow(request.filter, request.sort, _viewed(request, known, resource), keyed)
    return QueryPlan(
        resource=resource.name,
        provider=permit.provider,
        permitted=permitted,
        selected=tuple(element for element in permitted if element.path in _selected(request, known)),
        scope=tuple(_condition(resource, row) for row in permit.rows if isinstance(row, RowPredicate)),
        excluded_persons=tuple(person_column(resource, role) for role in permit.excluded_opt_outs),
        person_columns=tuple((role, person_column(resource, role)) for role in resource.persons),
        filters=tuple(_filter(path, text, known, resource, keyed) for path, text in request.filters),
        after=after,
        limit=request.limit if permit.rows_left is None else min(request.limit, permit.rows_left),
        today=today,
        related=tuple(_related(catalog, resource, row) for row in permit.rows if isinstance(row, RelatedPredicate)),
        rosters=tuple(_roster(resource, row) for row in permit.rows if isinstance(row, RosterPredicate)),
        submitted_under=_submitted_under(permit),
        consents=tuple(
            ConsentScope(person_column(resource, role), form, permit.recipient, permit.purpose)
            for role, form in permit.consents.items()
        ),
        excluded_subjects=tuple((f"{role}_subject", subjects) for role, subjects in permit.excluded_subjects.items()),
        frozen=_frozen(permit, known),
        code_lists=permit.code_lists,
        narrowing=narrowing,
        sort=sort,
        count=request.count,
        pinned=pinned,
        links=links,
    )


def _refuse_on_release(request: AccessRequest, permit: Permit) -> None:
    """Answers about parts of a release can be subtracted from one another (decision 17)."""
    asked: dict[str, object] = {"filter": request.filter or request.filters, "sort": request.sort, "count": request.count}
    asked |= {"as_of": request.as_of, "expand": request.expand}
    for name, wanted in asked.items():
        if wanted and permit.release is not None:
            raise RequestError(f"A de-identified release is served whole: leave `{name}` out and read it page by page.")


def _viewed(
    request: AccessRequest, known: Mapping[ElementPath, PlannedElement], resource: Resource
) -> Mapping[ElementPath, Viewed]:
    """What the filter and the order name of the permitted view, with the type that is seen there."""
    named = request.compared | {by.path for by in request.sort}
    seen = {path: known[path] for path in named if path in known}
    return {path: Viewed(planned, _seen_as(planned.treatment, _element(resource, path))) for path, planned in seen.items()}


def _resource(catalog: Catalog, name: str) -> Resource:
    resource = catalog.resource(name)
    if resource is None:
        raise IntegrityError("The decision names a resource that the catalog does not have.")
    return resource


def _condition(resource: Resource, row: RowPredicate) -> Condition:
    return Condition(_element(resource, row.element).column, row.comparison, row.values)


def _related(catalog: Catalog, resource: Resource, row: RelatedPredicate) -> RelatedScope:
    """The related resource is joined on a person that both rows are about, under the same role or as its first person."""
    other = _resource(catalog, row.resource)
    role = row.about if row.about in other.persons else next(iter(other.persons), None)
    if role is None or row.about not in resource.persons:
        raise IntegrityError("The permit relates rows that share no person.")
    where, rosters = [], []
    for condition in row.where:
        match condition:
            case RowPredicate():
                where.append(_condition(other, condition))
            case RosterPredicate():
                rosters.append(_roster(other, condition))
            case AheadPredicate():
                raise IntegrityError("The permit has rows that depend on a day that was not counted.")
    return RelatedScope(other.name, person_column(resource, row.about), person_column(other, role), tuple(where), tuple(rosters))


def _submitted_under(permit: Permit) -> tuple[AgreementId, str] | None:
    """Where the rosters of a permit are found; None where it needs none, so that plans of two agreements stay alike."""
    inner = [condition for row in permit.rows if isinstance(row, RelatedPredicate) for condition in row.where]
    if any(isinstance(row, RosterPredicate) for row in (*permit.rows, *inner)):
        return permit.agreement, permit.schedule
    return None


def _roster(resource: Resource, row: RosterPredicate) -> RosterScope:
    return RosterScope(*_named(resource, _element(resource, row.element)))


def _frozen(permit: Permit, known: Mapping[ElementPath, PlannedElement]) -> FrozenScope | None:
    release = permit.release
    if release is None:
        return None
    # What moves outside the frozen version would let two answers be subtracted from one another.
    if permit.consents or permit.excluded_opt_outs or any(not isinstance(row, RowPredicate) for row in permit.rows):
        raise IntegrityError("A de-identified release cannot depend on other records, consents or opt-outs.")
    for path in release.quasi_identifiers:
        if path not in known or known[path].collection is not None:
            raise IntegrityError("A quasi-identifier of the release is not in its permitted view.")
    if any(isinstance(planned.treatment, RedactText) for planned in known.values()):
        raise IntegrityError("A de-identified release has no free text, redacted or not.")
    return FrozenScope(release.version, release.smallest_class, release.quasi_identifiers)


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
        case Pseudonymise() | ReturnOwnId():
            origin = "surrogate" if isinstance(treatment, Pseudonymise) else "own_id"
            column, key_space = _named(resource, element)
        case Generalise():
            if element.sealed:
                raise IntegrityError("The permit generalises an element that is sealed.")
            origin = "generalised"
        case RedactText() if element.sensitivity != "free_text":
            raise IntegrityError("The permit redacts an element that is no free text.")
        case Share() | MaskText() | RedactText():
            origin = "sealed" if element.sealed else "column"
            column = None if element.sealed else element.column
        case Withhold() | AggregateOnly():
            raise UnknownElement(NO_SUCH_ELEMENT.format(element.path))
        case _:
            assert_never(treatment)
    return PlannedElement(
        element.path,
        origin,
        treatment,
        column,
        key_space,
        collection if collection in resource.collections else None,
        _seen_as(treatment, element),
        index_column(element) if isinstance(treatment, Share) else None,
    )


def _named(resource: Resource, element: Element) -> tuple[str, ResourceName]:
    """The column of the surrogate of the record that an element names, and its key space."""
    key_space = resource.key_space_of(element)
    if key_space is None:
        raise IntegrityError("The permit treats an element as an identifier that is none.")
    return (RECORD_COLUMN if element.stands_for == "self" else resource.references[str(element.stands_for)].column), key_space


def _filter(
    path: ElementPath,
    text: str,
    known: Mapping[ElementPath, PlannedElement],
    resource: Resource,
    keyed: Keyed,
) -> Condition:
    planned = known.get(path)
    if planned is None:
        raise UnknownElement(NO_SUCH_ELEMENT.format(path))
    if planned.index is not None and planned.collection is None:
        return Condition(path, "equals", (keyed.index.of(path, text),))
    if planned.collection or planned.origin in {"sealed", "own_id"} or isinstance(planned.treatment, MaskText):
        raise RequestError(
            f"`{path}` cannot be compared in your permitted view: it is a list, a name, an address, free text or masked."
        )
    if planned.origin == "surrogate":
        surrogate = keyed.pseudonyms.surrogate(text, str(planned.key_space))
        return Condition(path, "equals" if surrogate is not None else "in", NOBODY if surrogate is None else (surrogate,))
    kind = _seen_as(planned.treatment, _element(resource, path))
    return Condition(path, "equals", (_typed(path, text, kind),))


def _seen_as(treatment: Treatment, element: Element) -> str:
    """The type of the treated value, which is what a client sees and compares with."""
    match treatment:
        case Pseudonymise() | ReturnOwnId() | MaskText():
            return "string"
        case Generalise("year"):
            return "integer"
        case Generalise("month" | "age_band" | "zip3" | "band" | "roll_up" | "grade_band"):
            return "string"
        case Generalise("round", float()):
            return "number"
        case _:
            return element.type


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
