"""A position in a walk has one text, is read back from it, and fits into a cursor."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.api.framing import LONGEST_VALUE, MOST_SORTED
from gateway.domain.identifiers import RecordId
from gateway.domain.narrowing import LONGEST_KEY, Position
from gateway.keys.cursors import LONGEST, Cursors

KEYS = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=LONGEST_KEY).filter(lambda text: text.isprintable())
)
RECORDS = st.integers(0, (1 << 63) - 1).map(RecordId)
CURSORS = Cursors(bytes(64))


@given(st.builds(Position, RECORDS, st.lists(KEYS, max_size=MOST_SORTED).map(tuple), st.booleans()))
def test_a_position_is_read_back_from_its_text(position: Position) -> None:
    read = Position.from_bytes(position.to_bytes())
    assert repr(read) == repr(position)
    assert CURSORS.unseal(CURSORS.seal(position.to_bytes())) == position.to_bytes()


def test_the_longest_position_fits_into_a_cursor_and_a_parameter() -> None:
    longest = Position(RecordId((1 << 63) - 1), ("\U0001f393" * LONGEST_KEY,) * MOST_SORTED)
    assert len(CURSORS.seal(longest.to_bytes())) <= min(LONGEST, LONGEST_VALUE)
