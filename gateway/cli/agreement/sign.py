"""`gateway agreement digest`, `sign` and `attest`: private keys are used here, on the signatory's machine, and go nowhere."""

from __future__ import annotations

import getpass
import re
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from gateway.agreements.attest import Attestation
from gateway.agreements.attest import attest as accept_attestation
from gateway.agreements.lifecycle import by_operator, chosen
from gateway.agreements.propose import chosen_of, read_proposed
from gateway.agreements.record_signature import Signed, assert_digest
from gateway.agreements.sign import SignedStatement, attestation_signature, make_signature
from gateway.agreements.sign import sign as accept_signature
from gateway.agreements.signature_file import read_signature, write_signature
from gateway.app import Gateway, open_gateway
from gateway.catalog.load import load_catalog
from gateway.catalog.model import Catalog
from gateway.cli.agreement.lifecycle import Id, Version
from gateway.cli.console import new_table, open_console
from gateway.domain.agreement import SLUG, Agreement
from gateway.domain.compose_yaml import read_text
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.domain.signing import Role, Statement
from gateway.errors import RequestError
from gateway.keys.signatures import read_signing_key
from gateway.settings import read_settings
from gateway.store.agreements import StoredVersion, stored_versions
from gateway.store.signatures import list_signatories

DAY_LENGTH = len("2026-07-01")
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Agreement files (YAML).", show_default=False)]
What = Annotated[str, typer.Argument(metavar="[AGREEMENT|FILE]", help="Id of what is proposed; with --offline the file.")]
Person = Annotated[
    str, typer.Option("--as", metavar="WHO", help="INSTITUTION/ID of who signs, or the ID where it is the only one.")
]
Key = Annotated[Path | None, typer.Option("--key", metavar="FILE", help="The private key (PEM); it is used here and sent nowhere.")]
OwnFile = Annotated[
    Path | None,
    typer.Option("--file", metavar="FILE", help="The file that was read and approved; refused when it is another text."),
]


def digest(files: Files) -> None:
    """Print the digest of each agreement in files: what is signed, and what goes on the signature page."""
    catalog = load_catalog()
    table = new_table("agreement", "digest")
    for file in files:
        for found in _read(file, catalog):
            table.add_row(found.id, found.digest)
    open_console().print(table)


def sign(
    what: What = "",
    person: Person = "",
    key: Key = None,
    version: Version = None,
    own_file: OwnFile = None,
    offline: Annotated[bool, typer.Option("--offline", help="Sign a file where there is no gateway; writes --out.")] = False,
    only: Annotated[str, typer.Option(metavar="AGREEMENT", help="With --offline: which agreement of a template.")] = "",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="With --offline: the signature file to write.")] = None,
    signature: Annotated[
        Path | None, typer.Option("--signature", metavar="FILE", help="Hand in a signature file that was made offline.")
    ] = None,
) -> None:
    """Sign a proposed agreement with a signatory's key: here, offline into a file, or by handing such a file in."""
    if signature is not None:
        with open_gateway(read_settings()) as gateway:
            _tell(accept_signature(read_signature(_bytes(signature)), by_operator(getpass.getuser()), gateway.registry()))
        return
    if not what or not person or key is None:
        raise RequestError("Say what to sign, --as whom and with which --key FILE; or hand in a --signature FILE.")
    if offline:
        _sign_offline(Path(what), person, key, version, only, out)
        return
    with open_gateway(read_settings()) as gateway:
        agreement = AgreementId(what)
        open_version = _open_version(gateway, agreement, version, own_file)
        institution, name = _person(gateway, person, "signatory", open_version)
        statement = Statement(agreement, open_version.version, open_version.digest, institution, name)
        _tell(accept_signature(_signed(statement, key), by_operator(getpass.getuser(), institution), gateway.registry()))


def attest(
    what: Id,
    person: Annotated[str, typer.Option("--as", metavar="STEWARD", help="INSTITUTION/ID of the steward, or the ID alone.")],
    document: Annotated[Path, typer.Option(metavar="FILE", help="The executed PDF, signed in ink or by an e-signature.")],
    signed_on: Annotated[str, typer.Option(metavar="DAY", help="When the last person signed it, as in 2026-06-30.")],
    board_approved: Annotated[str, typer.Option(metavar="DAY", help="When the board approved it, if it did.")] = "",
    shown: Annotated[str, typer.Option("--digest", help="The digest that the document shows: 16 digits or more of it.")] = "",
    version: Version = None,
    own_file: OwnFile = None,
    key: Key = None,
) -> None:
    """State as a steward that an executed PDF is the proposed agreement; the digest printed in it is compared."""
    days = _day(signed_on, "--signed-on"), _day(board_approved, "--board-approved") if board_approved else None
    content = _bytes(document)
    with open_gateway(read_settings()) as gateway:
        agreement = AgreementId(what)
        open_version = _open_version(gateway, agreement, version, own_file)
        institution, name = _person(gateway, person, "steward", open_version)
        statement = Statement(agreement, open_version.version, open_version.digest, institution, name)
        made = None if key is None else attestation_signature(statement, content, *days, read_signing_key(key, _password))
        stated = Attestation(agreement, institution, name, content, *days, shown, open_version.version, made)
        attested = accept_attestation(stated, by_operator(getpass.getuser(), institution), gateway.registry())
    console = open_console()
    found = "is in its text" if attested.found else "was not found in its text, so what the steward typed stands for it"
    console.print(f"The document (SHA-256 {attested.sha256}) is kept. The digest {found}.")
    _tell(attested.signed)


def _sign_offline(file: Path, person: str, key: Path, version: int | None, only: str, out: Path | None) -> None:
    institution, slash, name = person.partition("/")
    if not slash or not re.fullmatch(SLUG, name) or version is None or out is None:
        raise RequestError("Offline, say --as INSTITUTION/ID, the --version that was proposed, and the --out FILE to write.")
    found = chosen_of(_read(file, load_catalog()), [only] if only else ())
    if len(found) != 1:
        raise RequestError(f"The file has several agreements. Choose one: --only {', '.join(one.id for one in found)}.")
    agreement = found[0]
    statement = Statement(agreement.id, version, agreement.digest, InstitutionId(institution), name)
    if institution not in agreement.parties:
        raise RequestError(f"{institution} is no party of {agreement.id}. Its parties are: {', '.join(sorted(agreement.parties))}.")
    content = write_signature(_signed(statement, key))
    try:
        with out.open("xb") as stream:
            stream.write(content)
    except OSError as why:
        raise RequestError(f"{out} cannot be made; it must not exist yet.") from why
    open_console().print(
        f"Signed {agreement.id} version {version} (digest {agreement.digest}).\n"
        f"Hand in {out}: gateway agreement sign --signature {out}, or POST /agreements/{agreement.id}/signatures."
    )


def _open_version(gateway: Gateway, agreement: AgreementId, number: int | None, own_file: Path | None) -> StoredVersion:
    """The version that waits for signatures; a file that somebody read must be its text."""
    with gateway.database.read() as connection:
        version = chosen(agreement, "sign", stored_versions(connection, agreement), number)
    if own_file is not None:
        [found] = chosen_of(_read(own_file, gateway.catalog), [agreement])
        assert_digest(agreement, version, found.digest)
    return version


def _person(gateway: Gateway, text: str, role: Role, version: StoredVersion) -> tuple[InstitutionId, str]:
    """Institution and id of who signs: as written, or the only one of that id among the parties."""
    institution, slash, name = text.partition("/")
    if slash and re.fullmatch(SLUG, name):
        return InstitutionId(institution), name
    with gateway.database.read() as connection:
        people = [one for one in list_signatories(connection) if one.id == text and one.role == role and one.retired_at is None]
    among = [one.institution for one in people if one.institution in version.parties]
    if len(among) != 1:
        raise RequestError(f"There is not exactly one {role} {text} of the parties now. See: gateway signatory list")
    return among[0], text


def _signed(statement: Statement, key: Path) -> SignedStatement:
    return make_signature(statement, read_signing_key(key, _password))


def _password() -> bytes:
    return getpass.getpass("Password of the private key: ").encode()


def _read(file: Path, catalog: Catalog) -> tuple[Agreement, ...]:
    return read_proposed(read_text(file, str(file)), str(file), catalog)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as why:
        raise RequestError(f"{file} cannot be read: {why.strerror}.") from why


def _day(text: str, option: str) -> date:
    try:
        if len(text) == DAY_LENGTH:
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise RequestError(f"{option}: write a day as in 2026-06-30.")


def _tell(signed: Signed) -> None:
    console = open_console()
    console.print(f"{signed.institution} signed {signed.agreement} version {signed.version} (digest {signed.digest}).")
    if signed.missing:
        console.print(f"Still to sign: {', '.join(signed.missing)}.")
    else:
        console.print(f"Every party signed. Put it in force: gateway agreement activate {signed.agreement}")
