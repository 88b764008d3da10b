"""A tree made again in parts is the one that appends made: the same nodes, frontier and root, however it was cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.tlog.merkle import extend, leaf_hash, root
from gateway.tlog.rebuild import Rebuilt


@given(st.lists(st.integers(0, 40), max_size=8))
def test_a_tree_in_parts_is_the_tree_of_appends(parts: list[int]) -> None:
    tree, size = Rebuilt(), 0
    frontier: tuple[bytes, ...] = ()
    for part in parts:
        leaves = [leaf_hash(str(number).encode()) for number in range(size, size + part)]
        frontier, nodes = extend(size, frontier, leaves)
        runs = tree.take(leaves)
        size += part
        made = {(run.level, run.first + at): hashed for run in runs for at, hashed in enumerate(run.hashes)}
        assert made == {(node.level, node.index): node.hash for node in nodes if node.level > 0}
        assert (tree.size, tree.frontier, tree.root) == (size, frontier, root(frontier))
