"""Mentions are packed small, and nothing of them is lost."""

from __future__ import annotations

import random
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import IntegrityError
from gateway.register.mentions import bits_for, bucketed, hash_of, hashing_key, packed, unpacked, unpacked_one

PEOPLE = st.dictionaries(
    st.integers(1, 2**32 - 1), st.sets(st.integers(5, 2**31), min_size=1, max_size=30).map(sorted), max_size=40
)
KEY = hashing_key(b"k" * 32)


def as_arrays(people: dict[int, list[int]]) -> dict[int, array[int]]:
    return {person: array("Q", indexes) for person, indexes in people.items()}


@given(PEOPLE)
def test_what_is_packed_comes_out_again(people: dict[int, list[int]]) -> None:
    content = packed(as_arrays(people), 5)
    assert {person: list(indexes) for person, indexes in unpacked(content, 5).items()} == people
    for person, indexes in people.items():
        assert list(unpacked_one(content, 5, person)) == indexes
    assert list(unpacked_one(content, 5, 0)) == []


@given(PEOPLE, st.integers(0, 12))
def test_every_person_is_in_the_bucket_that_its_hash_begins_with(people: dict[int, list[int]], bits: int) -> None:
    buckets = bucketed(as_arrays(people), bits, KEY)
    assert {person for bucket in buckets.values() for person in bucket} == set(people)
    assert all(hash_of(KEY, person) >> (32 - bits) == bucket for bucket, inside in buckets.items() for person in inside)


def test_a_mention_takes_less_than_two_bytes() -> None:
    chance = random.Random(1)
    people = {person: array("Q", sorted(chance.sample(range(10_000), 200))) for person in range(1, 1_000)}
    count = sum(len(indexes) for indexes in people.values())
    assert sum(len(packed(bucket, 0)) for bucket in bucketed(people, bits_for(count), KEY).values()) < 2 * count


def test_another_key_places_people_elsewhere() -> None:
    other = hashing_key(b"l" * 32)
    assert sum(hash_of(KEY, person) == hash_of(other, person) for person in range(1_000)) == 0


def test_a_number_that_does_not_fit_is_refused_and_not_cut() -> None:
    with pytest.raises(IntegrityError, match="cannot hold"):
        packed({2**32: array("Q", (7,))}, 0)


def test_a_bucket_that_was_changed_is_refused() -> None:
    with pytest.raises(IntegrityError, match="cannot be read"):
        unpacked(b"no bucket", 0)
