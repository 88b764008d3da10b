"""Files where they do not lie on this machine: a real OpenSSH server, an S3 server of others' making, and encrypted ones."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import obstore
import pysequoia
import pytest
from moto.server import ThreadedMotoServer
from obstore.store import S3Store

from connectors.base import PositionExpired
from connectors.kinds import open_source
from connectors.secrets import SecretRef
from gateway.catalog.load import load_catalog
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.errors import ConfigurationError, FileErrors, IngestError
from tests.databases import free_port
from tests.sshd import Sshd

CANDIDATES = ResourceName("candidates")
CATALOG = load_catalog()
ROWS = "Id,First\n1,Zoë\n2,Bo\n"


def opened(folder: Path, place: str, file: str = "c_*.csv", more: str = "", secrets: dict[str, str] | None = None) -> Any:
    text = f"""version: 1
id: files
provider: lakeside
maintainer: {{kind: epp}}
kind: files
place: {place}
{more}
resources:
  candidates: {{file: "{file}", columns: {{Id: candidateIdentifier, First: firstName}}}}
"""
    source_file = folder / "f.source.yaml"
    source_file.write_text(text, encoding="utf-8")

    def reveal(reference: SecretRef) -> str:
        return (secrets or {})[reference.name]

    return open_source(read_source(source_file, CATALOG, {}), reveal)


def names(source: Any) -> list[str]:
    pages = list(source.pull(CANDIDATES))
    assert not any(page.rejections or page.unaccounted() for page in pages)
    return [record.elements[ElementPath("firstName")] for page in pages for record in page.records]


def sftp(ssh_server: Sshd, folder: Path, **other: object) -> str:
    said = {
        "host": "127.0.0.1",
        "port": ssh_server.port,
        "user": ssh_server.user,
        "host_key": ssh_server.host_key,
        "folder": folder,
        **other,
    }
    return "{sftp: {" + ", ".join(f'{name}: "{text}"' for name, text in said.items()) + ", key: {env: KEY}}}"


def test_files_come_over_sftp_and_stay_where_they_are(ssh_server: Sshd, tmp_path: Path) -> None:
    outbox = tmp_path / "out" / "deep"
    outbox.mkdir(parents=True)
    (outbox / "c_1.csv").write_text("Id,First\n9,Old\n", encoding="utf-8")
    (outbox / "c_2.csv").write_text(ROWS, encoding="utf-8")
    secrets = {"KEY": ssh_server.private_key.read_text(encoding="ascii")}
    source = opened(tmp_path, sftp(ssh_server, tmp_path / "out"), "deep/c_*.csv", secrets=secrets)
    assert names(source) == ["Zoë", "Bo"]
    assert list(source.offers()) == ["deep/c_1.csv", "deep/c_2.csv"]
    assert len(list(outbox.iterdir())) == 2
    since = source.position(CANDIDATES)
    assert list(source.changes(CANDIDATES, since, source.position(CANDIDATES))) == []


def looked_at(folder: Path, place: str, after: str, secrets: dict[str, str]) -> Any:
    """A source whose files were read."""
    found = opened(folder, place, "c_*.csv", f"after: {after}", secrets)
    found.position(CANDIDATES)
    names(found)
    return found


def test_what_cannot_be_moved_on_a_server_is_told(ssh_server: Sshd, tmp_path: Path) -> None:
    outbox = tmp_path / "out"
    outbox.mkdir()
    (outbox / "c_1.csv").write_text(ROWS, encoding="utf-8")
    secrets = {"KEY": ssh_server.private_key.read_text(encoding="ascii")}
    found = looked_at(tmp_path, sftp(ssh_server, outbox), "{move: done}", secrets)
    (outbox / "done").write_text("a file of that name", encoding="utf-8")
    with pytest.raises(IngestError, match=r"c_1\.csv was read, and cannot be moved \(SFTP"):
        found.settle()
    assert (outbox / "c_1.csv").exists()


def test_another_host_key_ends_the_connection_before_anything_is_sent(ssh_server: Sshd, tmp_path: Path) -> None:
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFnZSm2Fd0wQXZ0PKQ0NQ0n5dC8d3o3f6n8j1k2l3m4n"
    secrets = {"KEY": ssh_server.private_key.read_text(encoding="ascii")}
    with pytest.raises(IngestError, match="shows another host key"):
        names(opened(tmp_path, sftp(ssh_server, tmp_path, host_key=other), secrets=secrets))


def test_a_source_file_without_a_host_key_is_refused(ssh_server: Sshd, tmp_path: Path) -> None:
    place = f"{{sftp: {{host: h, user: u, folder: f, key: {{file: {ssh_server.private_key}}}}}}}"
    with pytest.raises(FileErrors) as told:
        opened(tmp_path, place)
    assert 'lacks "host_key"' in str(told.value.problems[0])


def test_who_is_not_let_in_and_what_is_not_there_are_told(ssh_server: Sshd, tmp_path: Path) -> None:
    key = ssh_server.private_key.read_text(encoding="ascii")
    with pytest.raises(IngestError, match="does not let nobody-here in"):
        names(opened(tmp_path, sftp(ssh_server, tmp_path, user="nobody-here"), secrets={"KEY": key}))
    with pytest.raises(IngestError, match="cannot be read whole"):
        names(opened(tmp_path, sftp(ssh_server, tmp_path / "nowhere"), secrets={"KEY": key}))
    with pytest.raises(IngestError, match="no file c_"):
        names(opened(tmp_path, sftp(ssh_server, tmp_path), secrets={"KEY": key}))
    with pytest.raises(ConfigurationError, match="cannot be read: check host_key and key"):
        names(opened(tmp_path, sftp(ssh_server, tmp_path), secrets={"KEY": "no key"}))


def test_a_server_that_is_not_there_is_told(ssh_server: Sshd, tmp_path: Path) -> None:
    secrets = {"KEY": ssh_server.private_key.read_text(encoding="ascii")}
    with pytest.raises(IngestError, match="cannot be read whole"):
        names(opened(tmp_path, sftp(ssh_server, tmp_path, port=free_port()), secrets=secrets))


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


def bucket(s3: str, name: str) -> S3Store:
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request"}
    assert httpx.put(f"{s3}/{name}", headers=signed).is_success
    config: Any = {"endpoint": s3, "region": "us-east-1", "access_key_id": "a", "secret_access_key": "s"}
    return S3Store(name, config=config, client_options={"allow_http": True})


def in_bucket(s3: str, name: str, prefix: str = "nightly") -> str:
    keys = "access_key: {env: A}, secret_key: {env: S}"
    return f"{{s3: {{bucket: {name}, prefix: {prefix}, region: us-east-1, endpoint: '{s3}', {keys}}}}}"


def test_files_come_from_a_bucket(s3: str, tmp_path: Path) -> None:
    store = bucket(s3, "first")
    obstore.put(store, "nightly/c_1.csv", b"Id,First\n9,Old\n")
    obstore.put(store, "nightly/c_2.csv", ROWS.encode())
    obstore.put(store, "other/c_3.csv", b"Id,First\n8,Wrong\n")
    source = opened(tmp_path, in_bucket(s3, "first"), secrets={"A": "a", "S": "s"})
    assert names(source) == ["Zoë", "Bo"]
    assert list(source.offers()) == ["c_1.csv", "c_2.csv"]


def test_an_object_that_was_replaced_since_it_was_listed_is_refused(s3: str, tmp_path: Path) -> None:
    store = bucket(s3, "second")
    obstore.put(store, "nightly/c_1.csv", ROWS.encode())
    source = opened(tmp_path, in_bucket(s3, "second"), secrets={"A": "a", "S": "s"})
    source.position(CANDIDATES)
    obstore.put(store, "nightly/c_1.csv", b"Id,First\n9,Other\n")
    with pytest.raises(IngestError, match=r"changed while|not fetched whole"):
        names(source)


def test_a_bucket_that_cannot_be_reached_any_more_is_told(tmp_path: Path) -> None:
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    store = bucket(f"http://{host}:{port}", "fifth")
    obstore.put(store, "nightly/c_1.csv", ROWS.encode())
    found = looked_at(tmp_path, in_bucket(f"http://{host}:{port}", "fifth"), "delete", {"A": "a", "S": "s"})
    running.stop()
    with pytest.raises(IngestError, match=r"c_1\.csv was read, and cannot be deleted"):
        found.settle()


def test_a_bucket_that_is_not_there_is_told(s3: str, tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="cannot be listed"):
        names(opened(tmp_path, in_bucket(s3, "nowhere"), secrets={"A": "a", "S": "s"}))


class Somewhere:
    """A place that `after` is tried at: its files, by name, and a source that reads it anew."""

    def __init__(self, kind: str, request: pytest.FixtureRequest, folder: Path) -> None:
        self.folder, self.kind, self.secrets = folder, kind, dict[str, str]()
        (folder / "out").mkdir()
        match kind:
            case "folder":
                self.place = f"{{folder: {folder / 'out'}}}"
            case "sftp":
                ssh_server: Sshd = request.getfixturevalue("ssh_server")
                self.place = sftp(ssh_server, folder / "out")
                self.secrets = {"KEY": ssh_server.private_key.read_text(encoding="ascii")}
            case _:
                address = request.getfixturevalue("s3")
                name = f"after-{abs(hash(folder)) % 10**9}"
                self.store = bucket(address, name)
                self.place = in_bucket(address, name)
                self.secrets = {"A": "a", "S": "s"}

    def put(self, name: str, text: str) -> None:
        if self.kind == "s3":
            obstore.put(self.store, f"nightly/{name}", text.encode())
            return
        path = self.folder / "out" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def names(self) -> list[str]:
        return list(opened(self.folder, self.place, secrets=self.secrets).offers())

    def source(self, after: str, files: str = "*.csv") -> Any:
        return opened(self.folder, self.place, files, f"after: {after}", self.secrets)


@pytest.fixture(params=["folder", "sftp", "s3"])
def somewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Somewhere:
    return Somewhere(request.param, request, tmp_path)


def test_what_was_read_is_moved_away_and_then_nothing_is_new(somewhere: Somewhere) -> None:
    somewhere.put("c_1.csv", ROWS)
    source = somewhere.source("{move: done}")
    since = source.position(CANDIDATES)
    assert names(source) == ["Zoë", "Bo"]
    assert somewhere.names() == ["c_1.csv"], "before everything is in it stays"
    source.settle()
    assert somewhere.names() == ["done/c_1.csv"]
    later = somewhere.source("{move: done}")
    until = later.position(CANDIDATES)
    assert list(later.changes(CANDIDATES, since, until)) == []
    later.settle()
    somewhere.put("c_2.csv", ROWS)
    newest = somewhere.source("{move: done}")
    with pytest.raises(PositionExpired):
        newest.changes(CANDIDATES, until, newest.position(CANDIDATES))


def test_what_was_read_is_deleted(somewhere: Somewhere) -> None:
    somewhere.put("c_1.csv", ROWS)
    somewhere.put("other.txt", "stays")
    source = somewhere.source("delete")
    assert names(source) == ["Zoë", "Bo"]
    source.settle()
    assert somewhere.names() == ["other.txt"]


def test_nothing_is_overwritten_and_what_changed_is_left(somewhere: Somewhere) -> None:
    somewhere.put("c_1.csv", ROWS)
    somewhere.put("done/c_1.csv", "earlier")
    source = somewhere.source("{move: done}")
    assert names(source) == ["Zoë", "Bo"]
    source.settle()
    assert somewhere.names() == ["done/c_1.2.csv", "done/c_1.csv"]
    for after in ("delete", "{move: done}"):
        somewhere.put("c_1.csv", ROWS)
        other = somewhere.source(after, "c_*.csv")
        assert names(other) == ["Zoë", "Bo"]
        somewhere.put("c_1.csv", "Id,First\n9,Somebody else\n")
        other.settle()
        assert somewhere.names() == ["c_1.csv", "done/c_1.2.csv", "done/c_1.csv"]


def test_what_is_older_is_not_read_after_what_is_newer(somewhere: Somewhere) -> None:
    somewhere.put("c_1.csv", "Id,First\n9,Old\n")
    somewhere.put("c_2.csv", ROWS)
    source = somewhere.source("delete", "c_*.csv")
    assert names(source) == ["Zoë", "Bo"]
    somewhere.put("c_3.csv", ROWS)
    source.settle()
    assert somewhere.names() == ["c_3.csv"], "it came later and was not read"


class Pgp:
    """Keys of a sender and a receiver."""

    def __init__(self) -> None:
        made = [pysequoia.Tsk.generate(f"{name}@example.org") for name in ("to", "from", "other")]
        self.receiver, self.sender, self.stranger = made

    def secrets(self) -> dict[str, str]:
        return {"KEY": str(self.receiver), "SIGNER": str(self.sender.extract_certificate())}

    def encrypt(self, content: bytes, *, signer: Any = None, to: Any = None) -> bytes:
        recipient = (to or self.receiver).extract_certificate()
        return bytes(pysequoia.encrypt(content, recipients=[recipient], signer=signer.signer() if signer else None))


@pytest.fixture(scope="module")
def pgp() -> Pgp:
    return Pgp()


SIGNED = "pgp: {key: {env: KEY}, signed_by: {env: SIGNER}}"


def test_an_encrypted_file_is_read_and_leaves_nothing_in_the_clear(pgp: Pgp, tmp_path: Path) -> None:
    place = f"{{folder: {tmp_path}}}"
    (tmp_path / "c_1.csv.gpg").write_bytes(pgp.encrypt(ROWS.encode(), signer=pgp.sender))
    before = set(os.listdir("/tmp"))
    assert names(opened(tmp_path, place, "c_*.csv.gpg", SIGNED, pgp.secrets())) == ["Zoë", "Bo"]
    assert not [name for name in set(os.listdir("/tmp")) - before if name.startswith("gateway-source-")]


def test_an_encrypted_file_of_a_stranger_or_for_another_or_damaged_is_refused(pgp: Pgp, tmp_path: Path) -> None:
    file, place = tmp_path / "c_1.csv.gpg", f"{{folder: {tmp_path}}}"
    for content in (
        pgp.encrypt(ROWS.encode()),
        pgp.encrypt(ROWS.encode(), signer=pgp.stranger),
        pgp.encrypt(ROWS.encode(), signer=pgp.sender, to=pgp.stranger),
        pgp.encrypt(ROWS.encode(), signer=pgp.sender)[:-90],
    ):
        file.write_bytes(content)
        with pytest.raises(IngestError, match=r"cannot be decrypted|is not signed"):
            names(opened(tmp_path, place, "c_*.csv.gpg", SIGNED, pgp.secrets()))


def test_an_encrypted_file_without_a_key_to_open_it_is_told(pgp: Pgp, tmp_path: Path) -> None:
    (tmp_path / "c_1.csv.gpg").write_bytes(pgp.encrypt(ROWS.encode()))
    with pytest.raises(IngestError, match="is encrypted: say under pgp"):
        names(opened(tmp_path, f"{{folder: {tmp_path}}}", "c_*.csv.gpg"))
