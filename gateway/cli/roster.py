"""`gateway roster`: what the API does for a client, for an institution that sends its roster to the operator instead."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated, Literal

import typer

from gateway.api.rosters import roster_desk
from gateway.app import Gateway, new_id, open_gateway
from gateway.cli.console import new_table, open_console
from gateway.domain.access import OPERATOR, AccessRequest, Principal
from gateway.domain.identifiers import AgreementId, InstitutionId, ResourceName
from gateway.errors import ConfigurationError, FileErrors, FileProblem, FileRefused
from gateway.finder import Desks, Question, alike_pairs, fill_roster, judge_alike
from gateway.read_roster import CSV, JSON, LARGEST_ROSTER
from gateway.settings import read_settings
from gateway.steward import named_steward
from gateway.submit_roster import Submission, Submitted, submit_roster

SHOWN = 20
app = typer.Typer(no_args_is_help=True)


@app.callback()
def roster() -> None:
    """Say whom an institution asks about, where its agreement chooses rows by a roster."""


InstitutionOption = Annotated[str, typer.Option("--institution", help="Institution that asks.")]
ResourceOption = Annotated[str, typer.Option("--resource", help="The resource whose rows it chooses, as staffs.")]
PurposeOption = Annotated[str, typer.Option("--purpose", help="What it asks for.")]
ProviderOption = Annotated[str | None, typer.Option("--provider", help="Whose records; needed where several agreements cover it.")]
AgreementOption = Annotated[str | None, typer.Option("--agreement", help="Under which agreement; needed where several cover it.")]
AsSteward = Annotated[str, typer.Option("--as", metavar="PROVIDER/STEWARD", help="The provider's steward, as lakeside/lee.")]
Pair = Annotated[str, typer.Argument(metavar="ID", help="What the queue calls the pair.", show_default=False)]


@app.command()
def submit(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with a header, or JSON.", show_default=False)],
    resource: ResourceOption,
    institution: InstitutionOption,
    purpose: PurposeOption,
    provider: ProviderOption = None,
    agreement: AgreementOption = None,
) -> None:
    """Put a roster in the place of the one before, on the word of who sends it; one without lines takes it back."""
    content = _read(file)
    question = _question(institution, resource, purpose, provider, agreement)
    submission = Submission(question.request, content, JSON if file.suffix == ".json" else CSV)
    with open_gateway(read_settings()) as gateway:
        try:
            done = submit_roster(submission, question.asking, roster_desk(gateway.gate(gateway.pdp())))
        except FileRefused as why:
            places = tuple(FileProblem(str(file), found.line, found.column, found.message, found.fix) for found in why.problems)
            raise FileErrors(places) from why
    _tell(done)


@app.command()
def fill(
    resource: ResourceOption,
    institution: InstitutionOption,
    purpose: PurposeOption,
    provider: ProviderOption = None,
    agreement: AgreementOption = None,
) -> None:
    """Make the roster from the institution's own records here: all whom its schedule towards the provider lets it name."""
    question = _question(institution, resource, purpose, provider, agreement)
    with open_gateway(read_settings()) as gateway:
        desks = _desks(gateway)
        done = fill_roster(question.request, question.asking, desks.gate, desks.rosters)
    _tell(done.submitted)
    if done.without_number:
        open_console().print(
            f"{done.without_number:,} have no number; the provider's steward may find them by name: gateway roster queue"
        )
    if done.doubled:
        open_console().print(f"{done.doubled:,} have the number of another record, which stands for both.")


@app.command()
def queue(
    steward: AsSteward,
    resource: ResourceOption,
    institution: InstitutionOption,
    purpose: PurposeOption,
    provider: ProviderOption = None,
    agreement: AgreementOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many to list.")] = SHOWN,
) -> None:
    """List who of those without a number may be whom of the provider's people, by name and birth date."""
    question = _question(institution, resource, purpose, provider, agreement)
    with open_gateway(read_settings()) as gateway:
        found = alike_pairs(question, named_steward(steward, getpass.getuser()), _desks(gateway))
    table = new_table("id", "asked about", "one of yours", "judged")
    for pair in found[:limit]:
        asked = f"{pair.link.other} {pair.link.other_space}: {pair.name}, born {pair.born}"
        own = f"{pair.somebody.resource} {pair.somebody.named}: {pair.somebody.name}, born {pair.somebody.born}"
        table.add_row(pair.id, asked, own, "same" if pair.linked else "")
    console = open_console()
    console.print(table)
    waiting = sum(not pair.linked for pair in found)
    console.print(f"{waiting:,} pairs wait, {len(found) - waiting:,} are linked; {min(limit, len(found)):,} are listed.")


@app.command()
def same(
    id_: Pair,
    steward: AsSteward,
    resource: ResourceOption,
    institution: InstitutionOption,
    purpose: PurposeOption,
    provider: ProviderOption = None,
    agreement: AgreementOption = None,
) -> None:
    """Say that a pair is one person, which counts from the next `gateway roster fill` on."""
    _judge(id_, "same", steward, _question(institution, resource, purpose, provider, agreement))


@app.command()
def different(
    id_: Pair,
    steward: AsSteward,
    resource: ResourceOption,
    institution: InstitutionOption,
    purpose: PurposeOption,
    provider: ProviderOption = None,
    agreement: AgreementOption = None,
) -> None:
    """Say that a pair is two people; it also takes back what `same` said."""
    _judge(id_, "different", steward, _question(institution, resource, purpose, provider, agreement))


def _judge(id_: str, judgement: Literal["same", "different"], steward: str, question: Question) -> None:
    with open_gateway(read_settings()) as gateway:
        entry = judge_alike(id_, judgement, question, named_steward(steward, getpass.getuser()), _desks(gateway))
    told = "one person" if judgement == "same" else "two people"
    open_console().print(f"Pair {id_} is {told}; fill the roster again to make it count (audit entry {entry.entry}).")


def _question(institution: str, resource: str, purpose: str, provider: str | None, agreement: str | None) -> Question:
    """Who asks, on the word of who typed the command, and for which rows."""
    who = Principal(
        client=OPERATOR,
        institution=InstitutionId(institution),
        purposes=frozenset({purpose}),
        default_purpose=purpose,
        scopes=frozenset(),
        token_id=OPERATOR,
        key_thumbprint=OPERATOR,
    )
    request = AccessRequest(
        ResourceName(resource),
        purpose,
        provider=InstitutionId(provider) if provider else None,
        agreement=AgreementId(agreement) if agreement else None,
        request_id=new_id(),
    )
    return Question(who, request)


def _desks(gateway: Gateway) -> Desks:
    gate = gateway.gate(gateway.pdp())
    return Desks(gate, roster_desk(gate), gateway.resolution_desk())


def _tell(done: Submitted) -> None:
    open_console().print(
        f"{done.lines:,} lines stand under {done.roster.agreement}, schedule {done.roster.schedule}; sent under {done.sent_under} "
        f"(audit entry {done.entry.entry})."
    )


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > LARGEST_ROSTER:
            raise ConfigurationError(f"A roster has at most {LARGEST_ROSTER:,} bytes.")
        return file.read_bytes()
    except OSError as why:
        raise ConfigurationError(f"{file} cannot be read: {why.strerror}.") from why
