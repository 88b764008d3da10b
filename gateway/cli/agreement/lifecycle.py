"""`gateway agreement propose`, `activate`, `suspend` and so on: what moves an agreement from state to state."""

from __future__ import annotations

import getpass
import re
from pathlib import Path
from typing import Annotated

import typer

from gateway.agreements.activate import Activation, activate_signed
from gateway.agreements.activate import activate as activate_file
from gateway.agreements.check import check_file
from gateway.agreements.expire import expire as expire_one
from gateway.agreements.expire import expire_ended
from gateway.agreements.lifecycle import by_operator
from gateway.agreements.move import PlainVerb, move
from gateway.agreements.propose import chosen_of
from gateway.agreements.propose import propose as put_forward
from gateway.app import Gateway, open_gateway
from gateway.cli.console import open_console
from gateway.domain.agreement import SLUG, Agreement
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.settings import read_settings

Id = Annotated[str, typer.Argument(metavar="AGREEMENT", help="Id of the agreement.", show_default=False)]
File = Annotated[Path, typer.Argument(metavar="FILE", help="The agreement file (YAML).", show_default=False)]
Only = Annotated[list[str] | None, typer.Option(metavar="AGREEMENT", help="Of a template only this one; repeat for more.")]
Version = Annotated[int | None, typer.Option(min=1, help="The version; else the one that can be.")]
OnWordOf = Annotated[str, typer.Option("--for", metavar="INSTITUTION", help="The party on whose word you act.")]


def propose(file: File, only: Only = None) -> None:
    """Store a file as a new version that every party can sign; a template gives one agreement for each member."""
    console = open_console()
    with open_gateway(read_settings()) as gateway:
        proposals = put_forward(_agreements(gateway, file, only), by_operator(getpass.getuser()), gateway.registry())
    for found in proposals:
        outcome = "is proposed" if found.changed else "was proposed already; nothing changed"
        amends = "" if found.amends is None else f" It will replace version {found.amends}, which is in force until then."
        console.print(f"{found.agreement} version {found.version} {outcome}.{amends}")
        console.print(f"  digest {found.digest}")
        console.print(f"  to be signed by {' and '.join(found.parties)}")


def activate(
    what: Annotated[str, typer.Argument(metavar="AGREEMENT|FILE", help="A signed agreement's id, or a file.", show_default=False)],
    signed_by: Annotated[str, typer.Option(help="Of a file: who states that the parties signed; yourself if left out.")] = "",
    only: Only = None,
    version: Version = None,
) -> None:
    """Put a signed agreement in force. Given a file, you state as the operator that every party signed exactly it."""
    with open_gateway(read_settings()) as gateway:
        if re.fullmatch(SLUG, what):
            agreement = AgreementId(what)
            _told(what, activate_signed(agreement, by_operator(getpass.getuser()), gateway.registry(), version))
            return
        for found in _agreements(gateway, Path(what), only):
            _told(found.id, activate_file(found, signed_by or getpass.getuser(), gateway.registry()))


def withdraw(agreement: Id, on_word_of: OnWordOf = "", version: Version = None) -> None:
    """Take a proposal back; its signatures are void."""
    _move(agreement, "withdraw", on_word_of, version)


def suspend(agreement: Id, on_word_of: OnWordOf = "") -> None:
    """Stop an agreement at once: the very next request under it is refused, in every process."""
    _move(agreement, "suspend", on_word_of, None)


def resume(agreement: Id, on_word_of: OnWordOf = "") -> None:
    """End a suspension; whoever suspended it may."""
    _move(agreement, "resume", on_word_of, None)


def terminate(agreement: Id, on_word_of: OnWordOf = "") -> None:
    """End an agreement for good, from the very next request on."""
    _move(agreement, "terminate", on_word_of, None)


def expire(
    agreement: Annotated[str, typer.Argument(metavar="[AGREEMENT]", help="Id; without it every one whose term is over.")] = "",
) -> None:
    """Record that terms are over; `gateway serve` and `gateway sync` do so when they start."""
    console = open_console()
    change = by_operator(getpass.getuser())
    with open_gateway(read_settings()) as gateway:
        if agreement:
            version = expire_one(AgreementId(agreement), change, gateway.registry())
            console.print(f"{agreement} version {version.version} is expired.")
            return
        ended = expire_ended(change, gateway.registry())
    for name, number in ended:
        console.print(f"{name} version {number} is expired.")
    if not ended:
        console.print("No agreement that is in force or suspended has reached its end.")


def _agreements(gateway: Gateway, file: Path, only: list[str] | None) -> tuple[Agreement, ...]:
    with gateway.law() as law:
        return chosen_of(check_file(file, gateway.catalog, law).good(), only or ())


def _move(agreement: str, verb: PlainVerb, on_word_of: str, number: int | None) -> None:
    institution = InstitutionId(on_word_of) if on_word_of else None
    with open_gateway(read_settings()) as gateway:
        version = move(AgreementId(agreement), verb, by_operator(getpass.getuser(), institution), gateway.registry(), number)
    open_console().print(f"{agreement} version {version.version} is {version.state.replace('_', ' ')}.")


def _told(agreement: str, activation: Activation) -> None:
    outcome = "is in force" if activation.changed else "was in force already; nothing changed"
    ended = "" if activation.superseded is None else f" Version {activation.superseded} ended with it."
    console = open_console()
    console.print(f"{agreement} version {activation.version} {outcome}.{ended}")
    if activation.providers:
        providers = " and ".join(activation.providers)
        console.print(f"Pull the sources of {providers} now: only what an agreement names is stored.")
