"""The whole road over HTTP: what the permitted view shows, and that nothing else can be spoken about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import World, placement_world


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    with placement_world(tmp_path / "home", database_url) as opened:
        yield opened


def test_a_page_holds_the_permitted_elements_treated_as_agreed(world: World) -> None:
    answer = world.api.get("/v1/candidates", world.token("riverton-sis"), limit="5")
    assert answer.status_code == 200, answer.text
    print(answer.text)
