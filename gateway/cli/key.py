"""`gateway key`."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, TextColumn

from gateway.app import open_gateway
from gateway.cli.console import new_table, open_console
from gateway.custody import destroy_agreement_keys, destroy_data_key, rotate_data_key, wrap_again
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.errors import RequestError
from gateway.open_wrapper import open_wrapper
from gateway.settings import Settings, read_settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def key() -> None:
    """List the keys, rotate those that identifiers are sealed under, move them to another key-encryption key."""


@app.command("list")
def list_keys() -> None:
    """List every key with what it is for and what wraps it; no secret of any."""
    with open_gateway(read_settings()) as gateway, gateway.database.read() as connection:
        stored = gateway.ring.stored(connection)
    table = new_table("key", "of", "purpose", "generation", "wrapped by", "made", "replaced", numbers=("generation",))
    for one in stored:
        owner = f"{one.owner_kind} {one.owner}" if one.owner != one.owner_kind else one.owner
        wrapped_by = one.wrapped_by if one.owner_kind != "agreement" else f"key {one.wrapped_by}"
        replaced = one.retired_at or ""
        table.add_row(one.key_id, owner, one.purpose, str(one.generation), wrapped_by, one.created_at, replaced)
    open_console().print(table)


@app.command()
def rotate(provider: Annotated[str, typer.Argument(metavar="PROVIDER", help="Whose identifiers.", show_default=False)]) -> None:
    """Seal all of a provider under a new data key, while partners go on reading. Run it again if it was cut short."""
    console = open_console()
    with (
        open_gateway(read_settings()) as gateway,
        Progress(TextColumn("{task.completed} rows sealed again"), console=console, transient=True) as progress,
    ):
        task = progress.add_task("", total=None)
        done = rotate_data_key(
            InstitutionId(provider), gateway.custody_desk(getpass.getuser()), lambda rows: progress.update(task, completed=rows)
        )
    console.print(f"{done.rows} rows are sealed under key {done.key_id} (audit entry {done.entry.entry}).")
    console.print("Older copies of the database open with a key before it. When none of them is needed any more:")
    for key_id in done.replaced:
        console.print(f"    gateway key destroy {key_id}")


@app.command()
def destroy(
    key_id: Annotated[str, typer.Argument(metavar="KEY", help="Id of a replaced key.", show_default=False)],
) -> None:
    """Destroy a data key that was replaced: older copies of the database cannot be opened any more."""
    with open_gateway(read_settings()) as gateway:
        entry = destroy_data_key(key_id, gateway.custody_desk(getpass.getuser()))
    open_console().print(f"Key {key_id} is destroyed (audit entry {entry.entry}).")


@app.command("destroy-agreement")
def destroy_agreement(
    agreement: Annotated[str, typer.Argument(metavar="AGREEMENT", help="An agreement that is over.", show_default=False)],
) -> None:
    """Destroy the keys of an agreement that is over. Who was disclosed under it stays known, as the law wants."""
    with open_gateway(read_settings()) as gateway:
        entries = destroy_agreement_keys(AgreementId(agreement), gateway.custody_desk(getpass.getuser()))
    told = ", ".join(entry.entry for entry in entries)
    open_console().print(f"{len(entries)} keys of {agreement} are destroyed (audit entries {told}).")


@app.command()
def rewrap(
    before: Annotated[
        str, typer.Option("--from", metavar="KMS", help="What wraps the keys now: file, aws-kms, pkcs11, or a key file's path.")
    ],
    before_key: Annotated[
        str, typer.Option("--from-key", metavar="KEY", help="The key there, where it is another than GATEWAY_KMS_KEY.")
    ] = "",
) -> None:
    """Wrap every key by the key-encryption key that the settings name, instead of the one before. Stop the servers first."""
    settings = read_settings()
    with open_gateway(_before(settings, before, before_key)) as gateway:
        new = open_wrapper(settings, create=True)
        count, entry = wrap_again(new, gateway.custody_desk(getpass.getuser()))
    open_console().print(f"{count} keys are wrapped by {new.name} (audit entry {entry.entry}). Start the servers again.")


def _before(settings: Settings, kms: str, key: str) -> Settings:
    if kms in {"file", "aws-kms", "pkcs11"}:
        changed: dict[str, object] = {"kms": kms, "kms_key": key or settings.kms_key}
    elif Path(kms).is_file():
        changed = {"kms": "file", "key_file": Path(kms)}
    else:
        raise RequestError(f"--from {kms} is neither file, aws-kms, pkcs11 nor a file that is there.")
    return settings.model_copy(update=changed)
