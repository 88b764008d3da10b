"""Explain (pure): an agreement in plain English, with the schedule of data elements that lawyers attach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.agreements.blocks import Block, Bullets, Grid, Heading, Paragraph
from gateway.agreements.prose import basis_in_words, in_words, listed, row_in_words
from gateway.catalog.model import Catalog, Element, Resource
from gateway.domain.agreement import Agreement, Grant
from gateway.domain.treatments import Withhold

CLASSES: Mapping[str, str] = {
    "direct_identifier": "identifies the person",
    "quasi_identifier": "can identify with other facts",
    "sensitive": "sensitive",
    "free_text": "free text",
    "operational": "operational",
    "prohibited": "never shared",
}
NOT_ADVICE = "Written by the Educator Data Gateway from the agreement file. It is no legal advice; the file itself is what binds."


def explain(agreement: Agreement, catalog: Catalog) -> tuple[Block, ...]:
    """The whole agreement; the same file always gives the same document."""
    return tuple(_document(agreement, catalog))


def _document(agreement: Agreement, catalog: Catalog) -> Iterator[Block]:
    first, last = agreement.term
    parties = [f"{party.name} ({party.id})" for party in agreement.parties.values()]
    yield Heading(1, agreement.title)
    yield Paragraph(
        f"Agreement {agreement.id} between {listed(parties)}, from {first} to {last}, both days included ({agreement.timezone})."
    )
    if agreement.operation is not None:
        yield Paragraph(_operation(agreement))
    yield Bullets(tuple(_terms(agreement)))
    for schedule in dict.fromkeys(grant.schedule for grant in agreement.grants):
        yield from _schedule(agreement, schedule, catalog)
    if agreement.code_lists:
        yield from _code_lists(agreement)
    yield Heading(2, "What was read")
    yield Paragraph(f"Digest of the file as it is signed (SHA-256): {agreement.digest}")
    yield Paragraph(NOT_ADVICE)


def _operation(agreement: Agreement) -> str:
    operation = agreement.operation
    if operation is None or operation.operator is None or operation.basis is None:
        return "The provider runs the gateway itself; nobody else receives its records by running it."
    operator, provider = agreement.parties[operation.operator], agreement.parties[operation.provider]
    return f"{operator.name} runs the gateway for {provider.name}, on the ground of {basis_in_words(operation.basis)}."


def _terms(agreement: Agreement) -> Iterator[str]:
    redisclosure, document = agreement.redisclosure, agreement.document
    if redisclosure.allowed:
        others = [f"{name} ({why})" for name, why in redisclosure.additional_parties]
        yield f"The recipient may pass records on to {listed(others)}, and to nobody else."
    elif agreement.grants:
        yield "The recipient may not pass records on."
    if isinstance(destruction := document.get("destruction"), Mapping):
        method = f", by {destruction['method']}" if destruction.get("method") else ""
        certified = ", and certifies it" if destruction.get("certification") is True else ""
        yield (
            f"Within {destruction['days_after_end']} days after the end the recipient destroys what it received{method}{certified}."
        )
    if isinstance(renewal := document.get("renewal"), Mapping):
        yield f"Renewal: {str(renewal.get('how', 'none')).replace('_', ' ')}; the gateway never renews by itself."
    hours = document.get("breach_notice_hours")
    yield f"A breach is told within {hours} hours." if hours else "No hours are agreed within which a breach is told."
    if agreement.grants:
        yield f"No published table shows a count below {agreement.minimum_cell_size}."
        yield "What this agreement does not name is withheld."


def _schedule(agreement: Agreement, schedule: str, catalog: Catalog) -> Iterator[Block]:
    grants = [grant for grant in agreement.grants if grant.schedule == schedule]
    provider, recipient = agreement.parties[grants[0].provider], agreement.parties[grants[0].recipient]
    yield Heading(2, f"From {provider.name} to {recipient.name} ({schedule})")
    for grant in grants:
        yield from _grant(grant, catalog)
    offered = [table for table in agreement.tables if table.resource in {grant.resource for grant in grants}]
    if offered:
        yield Paragraph("Tables of counts that are offered:")
        yield Bullets(tuple(f"{table.name}: {table.resource} by {listed(list(table.dimensions))}" for table in offered))


def _grant(grant: Grant, catalog: Catalog) -> Iterator[Block]:
    resource = catalog.resources[grant.resource]
    yield Heading(3, f"{resource.title} ({grant.resource})")
    why = [f"{purpose.replace('_', ' ')}: {grant.interests.get(purpose, '')}".rstrip(": ") for purpose in grant.purposes]
    yield Paragraph(f"For {listed(why)}.")
    yield Paragraph(f"Which records: {_scope(grant)}")
    if grant.discloses:
        yield Paragraph(f"By being on this list the partner learns about each person in it: {listed(list(grant.discloses))}.")
    yield Bullets(tuple(_conditions(grant)))
    named = [element for element in resource.every_element() if _seen(grant, element)]
    withheld = [element.path for element in resource.every_element() if not _seen(grant, element)]
    yield Grid(
        ("element", "what it is", "kind", "the recipient sees it"),
        tuple(
            (element.path, element.description, _kind(element, resource), in_words(grant.elements[element.path]))
            for element in named
        ),
    )
    yield Paragraph(f"Withheld: {listed(withheld)}.")


def _seen(grant: Grant, element: Element) -> bool:
    return not isinstance(grant.elements.get(element.path, Withhold()), Withhold)


def _scope(grant: Grant) -> str:
    if not grant.rows:
        return "all."
    return f"those for which {'; and '.join(row_in_words(predicate) for predicate in grant.rows)}."


def _conditions(grant: Grant) -> Iterator[str]:
    for role, basis in grant.persons.items():
        yield f"About the {role}: on the ground of {basis_in_words(basis)}." + _consequence(basis.basis)
    if not grant.persons:
        yield f"About nobody; on the ground of {basis_in_words(grant.basis)}."
    if grant.limits.rows_per_day is not None:
        yield f"At most {grant.limits.rows_per_day} records a day."
    if grant.limits.requests_per_minute is not None:
        yield f"At most {grant.limits.requests_per_minute} requests a minute."
    yield f"Formats: {listed(list(grant.formats))}. " + (
        "The recipient may ask for what changed." if grant.change_feed else "No change feed."
    )


def _consequence(basis: str) -> str:
    match basis:
        case "consent":
            return " Who has not consented, or withdrew it, is absent."
        case "a11_directory":
            return " Who opted out of directory information is absent."
        case "b1_deidentified" | "b2_coded_research":
            return " Only a release that an official determined to be de-identified is served."
        case _:
            return ""


def _kind(element: Element, resource: Resource) -> str:
    person = f", about the {element.person}" if element.person and len(resource.persons) > 1 else ""
    directory = "; can be directory information" if element.directory else ""
    return f"{CLASSES[element.sensitivity]}{person}{directory}"


def _code_lists(agreement: Agreement) -> Iterator[Block]:
    yield Heading(2, "Code lists")
    for name, codes in agreement.code_lists.items():
        groups: dict[str, list[str]] = {}
        for code, group in codes.items():
            groups.setdefault(group, []).append(code)
        yield Heading(3, name)
        yield Grid(("group", "codes"), tuple((group, listed(members)) for group, members in groups.items()))
        yield Paragraph("A code in no group is left out of the answer and reported; it is never put into another group.")
