"""A signed bundle is verified here as OPA verifies it: the same key, the same files, nothing else."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa

from gateway.errors import ConfigurationError, IntegrityError
from gateway.pdp.archive import members, pack
from gateway.pdp.bundle import main, sign_bundle
from gateway.pdp.opa_server import OpaServerPdp
from gateway.pdp.read_bundle import ARCHIVE, read_bundle
from gateway.pdp.signature import SIGNATURES, read_bundle_key, verify_bundle_signature
from gateway.shipped import shipped
from tests.bundles import Private, new_keys, operator_bundle, write_pair
from tests.opa_process import opa_process

SHIPPED = shipped("policies") / "bundle" / ARCHIVE
ALGORITHMS = ("ES256", "EdDSA", "RS256")


@dataclass(frozen=True)
class Signed:
    algorithm: str
    private: Path
    public: Path
    archive: Path

    @property
    def files(self) -> dict[str, bytes]:
        return dict(members(self.archive))


@pytest.fixture(scope="module")
def signed(opa_binary: str, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Signed]:
    """The shipped bundle, signed with a key of each algorithm."""
    folder = tmp_path_factory.mktemp("signed")
    found = {}
    for algorithm, key in new_keys().items():
        private, public = write_pair(folder, algorithm, key)
        archive = folder / f"{algorithm}.tgz"
        archive.write_bytes(sign_bundle(SHIPPED, private, algorithm, opa_binary))
        found[algorithm] = Signed(algorithm, private, public, archive)
    return found


def _archive(folder: Path, files: Mapping[str, bytes]) -> Path:
    file = folder / "changed.tgz"
    file.write_bytes(pack(files))
    return file


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signed_bundle_is_the_bundle(signed: Mapping[str, Signed], algorithm: str) -> None:
    one = signed[algorithm]
    assert read_bundle(one.archive, read_bundle_key(one.public)) == read_bundle(SHIPPED)
    assert read_bundle(one.archive) == read_bundle(SHIPPED), "without a key the digests are checked"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_opa_server_loads_it_with_the_key_and_says_its_digest(
    signed: Mapping[str, Signed], algorithm: str, opa_binary: str
) -> None:
    one = signed[algorithm]
    options = ("--verification-key", str(one.public), "--signing-alg", algorithm)
    with opa_process(opa_binary, one.archive, *options) as server:
        engine = OpaServerPdp("127.0.0.1", server.port, clock=time.monotonic)
        assert engine.exchange({})[1] == {read_bundle(SHIPPED).digest}
        engine.close()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_neither_reads_it_with_another_key(signed: Mapping[str, Signed], algorithm: str, opa_binary: str, tmp_path: Path) -> None:
    _, public = write_pair(tmp_path, "other", new_keys()[algorithm])
    with pytest.raises(IntegrityError, match="not made with this key"):
        read_bundle(signed[algorithm].archive, read_bundle_key(public))
    options = ["--verification-key", str(public), "--signing-alg", algorithm, "--bundle", str(signed[algorithm].archive)]
    command = [opa_binary, "run", "--server", "--addr", "127.0.0.1:0", *options]
    assert subprocess.run(command, capture_output=True, timeout=20, check=False).returncode != 0


def test_a_key_of_another_algorithm_is_another_key(signed: Mapping[str, Signed]) -> None:
    with pytest.raises(IntegrityError, match="not made with this key"):
        read_bundle(signed["RS256"].archive, read_bundle_key(signed["ES256"].public))


@pytest.mark.parametrize("name", ["policy.wasm", "data.json", "manifest.json", ".manifest", "disclosure/decision.rego"])
def test_one_changed_byte_of_any_file_is_refused(signed: Mapping[str, Signed], tmp_path: Path, name: str) -> None:
    one = signed["EdDSA"]
    files = one.files
    content = bytearray(files[name])
    content[-2] ^= 1
    with pytest.raises(IntegrityError):
        verify_bundle_signature({**files, name: bytes(content)}, read_bundle_key(one.public))


def test_a_file_more_or_less_is_refused(signed: Mapping[str, Signed]) -> None:
    one = signed["EdDSA"]
    key = read_bundle_key(one.public)
    with pytest.raises(IntegrityError, match=r"extra\.rego"):
        verify_bundle_signature({**one.files, "extra.rego": b"package x"}, key)
    for name in one.files.keys() - {SIGNATURES}:
        with pytest.raises(IntegrityError, match="not for these files"):
            verify_bundle_signature({other: content for other, content in one.files.items() if other != name}, key)


def test_json_that_is_spelt_otherwise_is_what_was_signed(signed: Mapping[str, Signed]) -> None:
    one = signed["EdDSA"]
    respelt = orjson.dumps(orjson.loads(one.files["data.json"]), option=orjson.OPT_INDENT_2)
    verify_bundle_signature({**one.files, "data.json": respelt}, read_bundle_key(one.public))


def test_without_a_signature_a_key_refuses(signed: Mapping[str, Signed]) -> None:
    with pytest.raises(IntegrityError, match="not signed"):
        read_bundle(SHIPPED, read_bundle_key(signed["ES256"].public))
    with pytest.raises(IntegrityError, match="not signed"):
        read_bundle(SHIPPED.parent, read_bundle_key(signed["ES256"].public))


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"signatures": []}', b'{"signatures": ["a.b.c"]}', b'{"signatures": [1]}', b'{"signatures": ["x", "y"]}'],
)
def test_a_signature_file_of_another_shape_is_refused(signed: Mapping[str, Signed], content: bytes) -> None:
    one = signed["ES256"]
    with pytest.raises(IntegrityError):
        verify_bundle_signature({**one.files, SIGNATURES: content}, read_bundle_key(one.public))


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"files": {}},
        {"files": []},
        {"files": [{"name": "policy.wasm"}]},
        {"files": [{"name": "policy.wasm", "hash": 1, "algorithm": "SHA-256"}]},
        {"files": [{"name": "policy.wasm", "hash": "x", "algorithm": "MD5"}]},
        {"files": [{"name": "a", "hash": "x", "algorithm": "SHA-256"}, {"name": "/a", "hash": "x", "algorithm": "SHA-256"}]},
    ],
)
def test_a_good_signature_over_other_claims_is_refused(signed: Mapping[str, Signed], claims: dict[str, object]) -> None:
    one = signed["EdDSA"]
    token = jwt.encode(claims, one.private.read_bytes(), algorithm="EdDSA")
    with pytest.raises(IntegrityError):
        verify_bundle_signature({**one.files, SIGNATURES: orjson.dumps({"signatures": [token]})}, read_bundle_key(one.public))


def test_no_signature_at_all_is_not_an_algorithm(signed: Mapping[str, Signed]) -> None:
    one = signed["EdDSA"]
    [token] = orjson.loads(one.files[SIGNATURES])["signatures"]
    unsigned = jwt.encode(jwt.decode(token, options={"verify_signature": False}), "", algorithm="none")
    with pytest.raises(IntegrityError):
        verify_bundle_signature({**one.files, SIGNATURES: orjson.dumps({"signatures": [unsigned]})}, read_bundle_key(one.public))


def test_two_files_of_one_name_are_refused(tmp_path: Path, signed: Mapping[str, Signed]) -> None:
    one = signed["EdDSA"]
    with pytest.raises(IntegrityError, match="two files"):
        read_bundle(_archive(tmp_path, {**one.files, "/policy.wasm": b"another"}), read_bundle_key(one.public))


@pytest.mark.parametrize("content", [b"", b"a key", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_a_file_that_is_no_key_is_said(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "bundle.pub"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match="not a public key"):
        read_bundle_key(file)


def test_other_kinds_of_key_are_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_bundle_key(tmp_path / "absent.pub")
    short = generate_rsa(65537, 1024)  # noqa: S505 - it is to be refused
    others: Mapping[str, Private] = {"p384": generate_private_key(SECP384R1()), "short": short}
    for name, key in others.items():
        private, public = write_pair(tmp_path, name, key)
        for file in (public, private):
            with pytest.raises(ConfigurationError, match="not a public key"):
                read_bundle_key(file)


def test_the_command_signs_and_a_second_signature_replaces_the_first(
    signed: Mapping[str, Signed],
    opa_binary: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("OPA", opa_binary)
    one, output = signed["ES256"], tmp_path / "site.tgz"
    assert main(["sign", str(one.private), "ES256", str(output)]) == 0
    assert read_bundle(SHIPPED).digest in capsys.readouterr().out
    read_bundle(output, read_bundle_key(one.public))
    other = signed["EdDSA"]
    assert main(["sign", str(other.private), "EdDSA", str(output), "--archive", str(output)]) == 0
    read_bundle(output, read_bundle_key(other.public))
    assert main(["sign", str(other.private), "ES256", str(output)]) == 1
    assert main(["sign", str(tmp_path / "absent"), "ES256", str(output)]) == 1
    assert main(["sign", str(other.private), "HS256", str(output)]) == 2


def test_what_opa_build_signs_is_verified(signed: Mapping[str, Signed], opa_binary: str, tmp_path: Path) -> None:
    """An operator's rules, built and signed by one command of OPA."""
    operator_bundle(tmp_path, opa_binary, "package operator\n\ndeny := []\n")
    one, archive = signed["ES256"], tmp_path / "signed.tgz"
    folder = tmp_path / "rules"
    folder.mkdir()
    (tmp_path / "operator.rego").rename(folder / "operator.rego")
    command = [opa_binary, "build", "-t", "wasm", "-e", "operator/deny", "-b", str(folder), "-o", str(archive)]
    subprocess.run([*command, "--signing-key", str(one.private), "--signing-alg", "ES256"], check=True, capture_output=True)
    verify_bundle_signature(members(archive), read_bundle_key(one.public))
