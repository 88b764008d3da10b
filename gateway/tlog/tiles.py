"""C2SP tlog-tiles (`c2sp.org/tlog-tiles`): what a path names, which nodes a tile holds, how a bundle of entries is written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

HEIGHT = 8
WIDTH = 1 << HEIGHT
LENGTH_BYTES = 2
_LEVEL = re.compile(r"0|[1-9][0-9]?")
_INDEX = re.compile(r"((?:x[0-9]{3}/)*)([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
HIGHEST_LEVEL = 7
"""Of a tile in a log of at most 2**63 entries, the most that the database counts to."""


@dataclass(frozen=True)
class Tile:
    """`width` hashes in a row, from the `index`-th group of 256 on; `level` counts tiles, `height` the nodes of the tree below."""

    level: int
    index: int
    width: int

    @property
    def height(self) -> int:
        return self.level * HEIGHT

    @property
    def first(self) -> int:
        """The index of its first node among those of its height."""
        return self.index * WIDTH

    @property
    def whole(self) -> bool:
        return self.width == WIDTH

    def within(self, size: int) -> bool:
        """Whether a tree of `size` leaves holds all of its hashes."""
        return (self.first + self.width) << self.height <= size

    @property
    def path(self) -> str:
        """`<N>[.p/<W>]`, as in the address."""
        digits = f"{self.index:d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        name = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        return name if self.whole else f"{name}.p/{self.width}"


def read_tile(level: str, path: str) -> Tile | None:
    """The tile of `<L>` and `<N>[.p/<W>]`; none for anything that is not exactly how the format writes one."""
    found = _INDEX.fullmatch(path)
    if found is None or not _LEVEL.fullmatch(level) or int(level) > HIGHEST_LEVEL:
        return None
    groups = found[1].replace("x", "").replace("/", "") + found[2]
    tile = Tile(int(level), int(groups), WIDTH if found[3] is None else int(found[3]))
    # Leading zero groups, a width of 256 and more, and an index past any log have another name, or none.
    return tile if tile.path == path and tile.within(1 << 63) else None


def bundle(leaves: Iterable[bytes]) -> bytes:
    """The entries one after another, each behind its length: two bytes, big-endian."""
    return b"".join(len(leaf).to_bytes(LENGTH_BYTES, "big") + leaf for leaf in leaves)
