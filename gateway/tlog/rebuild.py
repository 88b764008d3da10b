"""Make a tree again from its leaves' hashes, in parts of any length, keeping no more than its frontier."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.tlog.merkle import root


@dataclass(frozen=True)
class Run:
    """Inner nodes that a part completed, side by side on one level from `first` on."""

    level: int
    first: int
    hashes: list[bytes]


class Rebuilt:
    """A tree that grows; `size` is the number of its leaves."""

    def __init__(self) -> None:
        self.size = 0
        self._left: dict[int, bytes] = {}
        """Level -> the node there that has no right neighbour yet."""

    @property
    def frontier(self) -> tuple[bytes, ...]:
        """As `merkle.extend` gives it: the largest perfect subtree first."""
        return tuple(self._left[level] for level in sorted(self._left, reverse=True))

    @property
    def root(self) -> bytes:
        return root(self.frontier)

    def take(self, hashes: Sequence[bytes]) -> list[Run]:
        """Append leaf hashes; gives the inner nodes that became whole, a level at a time."""
        sha256, runs = hashlib.sha256, []
        level, first, here = 0, self.size, list(hashes)
        self.size += len(here)
        while here:
            waiting = self._left.pop(level, None)
            if waiting is not None:
                here, first = [waiting, *here], first - 1
            if len(here) & 1:
                *here, self._left[level] = here
            # `node_hash`, written out: a call costs a third of the hash.
            here = [sha256(b"\x01" + left + right).digest() for left, right in zip(here[::2], here[1::2], strict=True)]
            level, first = level + 1, first >> 1
            if here:
                runs.append(Run(level, first, here))
        return runs
