"""The commitment to the people of an answer: a blinded root over the standard library's HMACs, however much is remembered."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.tlog import subjects
from gateway.tlog.merkle import EMPTY_ROOT, leaf_hash, root_of
from gateway.tlog.subjects import BLOCK_BYTES, keyed_hashes, subject_commitment, subject_root


@given(st.binary(min_size=1, max_size=BLOCK_BYTES), st.lists(st.binary(max_size=200)))
def test_each_is_hmac_sha256(key: bytes, messages: list[bytes]) -> None:
    assert keyed_hashes(key, messages) == [hmac.digest(key, message, "sha256") for message in messages]


def test_a_key_longer_than_a_block_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        keyed_hashes(bytes(BLOCK_BYTES + 1), [b""])


PEOPLE = st.lists(st.integers(min_value=0, max_value=40), unique=True)


@given(st.lists(st.tuples(st.sampled_from([b"a", b"b"]), PEOPLE)))
def test_the_root_is_that_of_the_leaves_whoever_was_shown_before(answers: list[tuple[bytes, list[int]]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subjects, "MOST_PEOPLE", 8)  # of forty, so that some are forgotten on the way
        patch.setattr(subjects, "MOST_ROOTS", 2)
        for key, people in answers:
            leaves = [leaf_hash(hmac.digest(key, person.to_bytes(8, "big"), "sha256")) for person in people]
            assert subject_root(key, people) == root_of(leaves)


def test_the_same_people_twice_and_nobody_look_like_anybody_else() -> None:
    key, salts = b"k" * 32, [bytes([number]) * 32 for number in range(4)]
    of_some = [subject_commitment(key, salt, name, [3, 5]) for salt in salts for name in ("candidates", "staffs")]
    of_none = [subject_commitment(key, salt, "candidates", []) for salt in salts]
    assert len({*of_some, *of_none}) == 12
    # Whoever knows the salt and that nobody is in it cannot say so without the key.
    assert not {hashlib.sha256(salt + EMPTY_ROOT).digest() for salt in salts} & set(of_none)


def test_a_commitment_is_opened_by_its_root_and_its_blind() -> None:
    key, salt = b"k" * 32, b"s" * 32
    blind = hmac.digest(key, salt + b"candidates", "sha256")
    assert subject_commitment(key, salt, "candidates", [3, 5]) == hashlib.sha256(blind + subject_root(key, [3, 5])).digest()
