"""Keys that AWS KMS wraps, against a strict server of its protocol."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.errors import ConfigurationError, IntegrityError, Unavailable
from gateway.keys.aws_kms import AwsKms
from tests.kms import ALIAS, Kms, environment, open_kms

SECRET = bytes(range(32))


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kms]:
    with open_kms() as opened:
        for name, value in environment(opened).items():
            monkeypatch.setenv(name, value)
        yield opened


def test_what_is_wrapped_opens_under_its_own_id_alone(kms: Kms) -> None:
    wrapper = AwsKms(ALIAS)
    wrapped = wrapper.wrap(SECRET, "key-1")
    assert SECRET not in wrapped
    assert wrapper.unwrap(wrapped, "key-1") == SECRET
    with pytest.raises(IntegrityError):
        wrapper.unwrap(wrapped, "key-2")


@pytest.mark.parametrize("fault", ["ThrottlingException", "KMSInternalException", "KeyUnavailableException"])
def test_a_service_that_fails_for_a_while_is_unavailable(kms: Kms, fault: str) -> None:
    wrapper = AwsKms(ALIAS)
    wrapped = wrapper.wrap(SECRET, "key-1")
    kms.fault = fault
    with pytest.raises(Unavailable, match="does not answer"):
        wrapper.unwrap(wrapped, "key-1")


def test_a_disabled_key_opens_nothing(kms: Kms) -> None:
    wrapper = AwsKms(ALIAS)
    wrapped = wrapper.wrap(SECRET, "key-1")
    kms.disabled.add(ALIAS)
    with pytest.raises(Unavailable, match="refuses"):
        wrapper.unwrap(wrapped, "key-1")
    kms.disabled.clear()
    assert wrapper.unwrap(wrapped, "key-1") == SECRET


def test_a_service_that_is_gone_is_unavailable(kms: Kms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:9")
    with pytest.raises(Unavailable, match="does not answer"):
        AwsKms(ALIAS).wrap(SECRET, "key-1")


def test_an_unknown_key_is_refused(kms: Kms) -> None:
    with pytest.raises(Unavailable, match="refuses"):
        AwsKms("alias/another").wrap(SECRET, "key-1")


def test_without_a_region_the_start_says_what_to_set(kms: Kms, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    with pytest.raises(ConfigurationError, match="AWS_REGION"):
        AwsKms(ALIAS)
