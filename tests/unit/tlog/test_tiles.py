"""Addresses of tiles are C2SP's, each tile has one, and everything else has none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.tlog.tiles import Tile, bundle, read_tile

TILES = st.builds(Tile, st.integers(0, 7), st.integers(0, 10**9), st.integers(1, 256)).filter(lambda tile: tile.within(1 << 63))


@pytest.mark.parametrize(
    ("level", "path", "tile"),
    [
        ("0", "000", Tile(0, 0, 256)),
        ("0", "x001/x234/067", Tile(0, 1_234_067, 256)),
        ("2", "x273/112.p/17", Tile(2, 273_112, 17)),
        ("1", "999.p/255", Tile(1, 999, 255)),
    ],
)
def test_an_address_is_read_as_the_specification_writes_it(level: str, path: str, tile: Tile) -> None:
    assert read_tile(level, path) == tile
    assert tile.path == path


@given(TILES)
def test_every_tile_is_found_under_its_own_address(tile: Tile) -> None:
    assert read_tile(str(tile.level), tile.path) == tile


@pytest.mark.parametrize(
    ("level", "path"),
    [
        ("00", "000"),
        ("8", "000"),
        ("64", "000"),
        ("-1", "000"),
        ("0", "0"),
        ("0", "0000"),
        ("0", "x000/000"),
        ("0", "001/234"),
        ("0", "x001/x234"),
        ("0", "x01/234"),
        ("0", "000.p/0"),
        ("0", "000.p/256"),
        ("0", "000.p/01"),
        ("0", "000.p/1000"),
        ("0", "000.p/"),
        ("0", "000/"),
        ("0", "٠٠٠"),
        ("0", "../000"),
        ("0", ""),
        ("0", "x999/" * 6 + "999"),
        ("7", "x001/000"),
    ],
)
def test_what_the_specification_does_not_write_names_nothing(level: str, path: str) -> None:
    assert read_tile(level, path) is None


def test_a_tree_of_70_000_holds_the_tiles_that_the_specification_counts() -> None:
    def widths(level: int) -> list[int]:
        last = next(index for index in range(1_000) if not Tile(level, index, 256).within(70_000))
        partial = max((width for width in range(1, 256) if Tile(level, last, width).within(70_000)), default=0)
        return [last, partial]

    assert [widths(level) for level in range(4)] == [[273, 112], [1, 17], [0, 1], [0, 0]]


def test_entries_stand_in_a_bundle_behind_their_length() -> None:
    assert bundle([b"", b"ab", b"c" * 258]) == b"\x00\x00" + b"\x00\x02ab" + b"\x01\x02" + b"c" * 258
