"""Settings: a wrong value stops the start and names its variable."""

from __future__ import annotations

import pytest

from gateway.errors import ConfigurationError
from gateway.settings import read_settings


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"GATEWAY_PORT": "70000"}, "GATEWAY_PORT: Input should be less than or equal to 65535"),
        ({"GATEWAY_PDP": "both"}, "GATEWAY_PDP: Input should be 'embedded' or 'opa'"),
        ({"GATEWAY_DATA_THREADS": "6"}, "GATEWAY_POOL_SIZE: must be at least twice GATEWAY_DATA_THREADS"),
        ({"GATEWAY_METRICS_PORT": "8080"}, "GATEWAY_METRICS_PORT: must be another port than GATEWAY_PORT"),
        ({"GATEWAY_POOL_SIZE": "7"}, "GATEWAY_POOL_SIZE: must be at least twice GATEWAY_DATA_THREADS"),
    ],
)
def test_a_wrong_value_is_told_by_its_variable(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], said: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as refused:
        read_settings()
    assert said in refused.value.detail


def test_twice_the_threads_are_enough_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_DATA_THREADS", "5")
    assert read_settings().pool_size == 10
