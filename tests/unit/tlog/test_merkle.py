"""The tree is the one of RFC 6962: known roots of others, and the RFC's own definition written out beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import IntegrityError
from gateway.tlog.merkle import (
    EMPTY_ROOT,
    check_consistency,
    check_inclusion,
    consistency_proof,
    extend,
    inclusion_proof,
    leaf_hash,
    root,
    root_of,
)

# Leaves and roots that Certificate Transparency's implementations test each other with.
LEAVES = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
LEAVES.append(bytes(range(0x60, 0x70)))
ROOTS = """\
6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125
aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77
d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7
4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4
76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef
ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c
5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328""".split()
SIZES = st.integers(1, 70)


def hashes(size: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(size)]


def as_defined(leaf_hashes: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, word by word."""
    if not leaf_hashes:
        return hashlib.sha256().digest()
    if len(leaf_hashes) == 1:
        return leaf_hashes[0]
    split = 1
    while split * 2 < len(leaf_hashes):
        split *= 2
    return hashlib.sha256(b"\x01" + as_defined(leaf_hashes[:split]) + as_defined(leaf_hashes[split:])).digest()


class Stored:
    """The nodes that appends completed, as the database keeps them."""

    def __init__(self, leaf_hashes: Sequence[bytes]) -> None:
        _, made = extend(0, (), leaf_hashes)
        self._nodes = {(node.level, node.index): node.hash for node in made}

    def __call__(self, level: int, index: int) -> bytes:
        return self._nodes[level, index]


@pytest.mark.parametrize("size", range(1, len(LEAVES) + 1))
def test_roots_are_those_of_other_implementations(size: int) -> None:
    assert root_of([leaf_hash(leaf) for leaf in LEAVES[:size]]).hex() == ROOTS[size - 1]


@given(SIZES, SIZES)
def test_a_tree_grown_in_batches_has_the_root_of_the_definition(first: int, more: int) -> None:
    leaves = hashes(first + more)
    frontier, _ = extend(0, (), leaves[:first])
    frontier, _ = extend(first, frontier, leaves[first:])
    assert root(frontier) == as_defined(leaves)


def test_an_empty_tree_has_the_hash_of_nothing() -> None:
    assert root(()) == EMPTY_ROOT == as_defined([])


def test_a_frontier_of_another_size_is_refused() -> None:
    with pytest.raises(IntegrityError):
        extend(2, hashes(2), hashes(1))


@given(st.data(), SIZES)
def test_an_inclusion_proof_leads_its_own_leaf_to_the_root_and_no_other(data: st.DataObject, size: int) -> None:
    leaves = hashes(size)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, Stored(leaves))
    check_inclusion(leaves[index], index, size, proof, as_defined(leaves))
    for wrong in (leaf_hash(b"another"), as_defined(leaves[:index] + leaves[index + 1 :])):
        with pytest.raises(IntegrityError):
            check_inclusion(wrong, index, size, [*proof, wrong], as_defined(leaves))
    with pytest.raises(IntegrityError):
        check_inclusion(leaf_hash(b"another"), index, size, proof, as_defined(leaves))


@given(SIZES, st.integers(0, 70))
def test_a_consistency_proof_holds_for_a_grown_tree_and_for_no_replaced_one(first: int, more: int) -> None:
    leaves = hashes(first + more)
    proof = consistency_proof(first, first + more, Stored(leaves))
    check_consistency(first, first + more, proof, as_defined(leaves[:first]), as_defined(leaves))
    replaced = [leaf_hash(b"another"), *leaves[1:first]]
    with pytest.raises(IntegrityError):
        check_consistency(first, first + more, proof, as_defined(replaced), as_defined(leaves))
