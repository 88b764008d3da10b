"""The keys of a log: each is announced by itself and by the one before, and a checkpoint wants the key of its time."""

from __future__ import annotations

from itertools import pairwise

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.errors import IntegrityError
from gateway.tlog.checkpoint import open_checkpoint, sign_checkpoint
from gateway.tlog.key_chain import JointSigner, KeyChain, announce, open_strictly, parse_vkey, read_chain, signed_by
from gateway.tlog.note import Signer

ORIGIN = "gateway.example/audit/1"
AT = "2026-11-24T13:00:00Z"
ROOT = b"r" * 32


def signer(number: int) -> Signer:
    return Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


def trusted(number: int) -> set[bytes]:
    return {signer(number).verifier.key.public_bytes_raw()}


def notes() -> list[str]:
    """Keys 1, 2 and 3; the second from 10 entries on, the third from 20."""
    first = announce([signer(1)], 1, 1, 0, AT)
    later = [
        announce([signer(new), signer(old)], 1, new, since, AT)
        for (old, new), since in zip(pairwise((1, 2, 3)), (10, 20), strict=True)
    ]
    return [first, *later]


def chain() -> KeyChain:
    return read_chain(1, ORIGIN, notes(), trusted(3))


@pytest.mark.parametrize("known", [1, 2, 3])
def test_who_knows_any_key_of_a_log_knows_all(known: int) -> None:
    assert [key.since for key in read_chain(1, ORIGIN, notes(), trusted(known)).keys] == [0, 10, 20]


def test_keys_that_nobody_trusts_are_refused() -> None:
    with pytest.raises(IntegrityError, match="not the gateway's"):
        read_chain(1, ORIGIN, notes(), trusted(4))


def test_a_key_that_the_one_before_did_not_sign_is_refused() -> None:
    alone = announce([signer(2)], 1, 2, 10, AT).replace("none", signer(1).verifier.vkey)
    foreign = announce([signer(2), signer(4)], 1, 2, 10, AT)
    for note in (alone, foreign):
        with pytest.raises(IntegrityError):
            read_chain(1, ORIGIN, [notes()[0], note], trusted(1))


def test_a_chain_that_begins_in_its_middle_or_lacks_a_key_is_refused() -> None:
    for shown in (notes()[1:], [notes()[0], notes()[2]], []):
        with pytest.raises(IntegrityError):
            read_chain(1, ORIGIN, shown, trusted(3))


def test_any_changed_byte_of_a_keys_note_is_refused() -> None:
    for generation, note in enumerate(notes()):
        for place in range(len(note.encode())):
            changed = bytearray(note.encode())
            changed[place] ^= 1
            try:
                text = changed.decode()
            except UnicodeDecodeError:
                continue
            shown = notes()
            shown[generation] = text
            with pytest.raises(IntegrityError):
                read_chain(1, ORIGIN, shown, trusted(3))


def test_any_changed_byte_of_a_checkpoint_is_refused() -> None:
    note = sign_checkpoint(1, 25, ROOT, JointSigner([signer(3), signer(2)])).note
    assert chain().open_checkpoint(note).size == 25
    for place in range(len(note.encode())):
        for bit in range(8):
            changed = bytearray(note.encode())
            changed[place] ^= 1 << bit
            try:
                text = changed.decode()
            except UnicodeDecodeError:
                continue
            with pytest.raises(IntegrityError):
                chain().open_checkpoint(text)


@pytest.mark.parametrize(("size", "key"), [(0, 1), (9, 1), (10, 2), (19, 2), (20, 3), (500, 3)])
def test_a_checkpoint_wants_the_key_of_its_time(size: int, key: int) -> None:
    assert chain().open_checkpoint(sign_checkpoint(1, size, ROOT, signer(key)).note).size == size
    for other in {1, 2, 3} - {key}:
        with pytest.raises(IntegrityError, match="key of that time"):
            chain().open_checkpoint(sign_checkpoint(1, size, ROOT, signer(other)).note)


def test_during_an_overlap_each_of_both_keys_opens_the_checkpoint() -> None:
    note = sign_checkpoint(1, 10, ROOT, JointSigner([signer(2), signer(1)])).note
    for number in (1, 2):
        assert open_checkpoint(1, note, signer(number).verifier).size == 10
    assert signed_by(note, ORIGIN) == {signer(number).verifier.key_hash for number in (1, 2)}


def test_a_line_of_a_stranger_is_refused_though_the_logs_own_is_good() -> None:
    text = sign_checkpoint(1, 25, ROOT, JointSigner([signer(3), signer(4)])).note
    with pytest.raises(IntegrityError, match="not signed by this log's key"):
        open_strictly(text, [key.verifier for key in chain().keys])


@pytest.mark.parametrize("text", ["", "a+b", "name+00000000+AQ==", signer(1).verifier.vkey[:-1], signer(1).verifier.vkey + "A"])
def test_what_is_not_a_key_is_refused(text: str) -> None:
    with pytest.raises(IntegrityError, match="name\\+hash\\+base64"):
        parse_vkey(text)


def test_a_key_reads_as_it_is_written() -> None:
    assert parse_vkey(signer(1).verifier.vkey).key_hash == signer(1).verifier.key_hash
