"""A leaf's text is the one that RFC 8785 gives."""

from __future__ import annotations

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import IntegrityError
from gateway.tlog.leaf import leaf_text

NAMES = st.text(st.characters(max_codepoint=127), max_size=6)
TREES = st.recursive(
    st.text(), lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)


@given(st.dictionaries(NAMES, TREES, max_size=6))
def test_it_is_canonical(members: dict[str, object]) -> None:
    assert leaf_text(members) == rfc8785.dumps(members)  # type: ignore[arg-type]


@pytest.mark.parametrize("odd", [1, 1.5, True, None, b"a", ("a",), {"é": "a"}])
def test_what_the_short_way_would_not_spell_is_refused(odd: object) -> None:
    with pytest.raises(IntegrityError):
        leaf_text({"list": ["a", {"inner": odd}]})
