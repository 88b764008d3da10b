"""Bundles are exchanged under running decisions: no question is lost, no bad bundle is taken, and readiness says what fails."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.errors import ConfigurationError, IntegrityError, Unavailable
from gateway.pdp.bundle import sign_bundle
from gateway.pdp.embedded import EmbeddedPdp
from gateway.pdp.live import EMPTY, LiveEngine
from gateway.pdp.opa_server import QUESTION_SECONDS
from gateway.pdp.open_engine import open_pdp
from gateway.pdp.point import PolicyPoint
from gateway.pdp.policies import Policies
from gateway.pdp.read_bundle import ARCHIVE, Bundle, read_bundle
from gateway.shipped import shipped
from tests.bundles import new_keys, other_bundle, put, write_pair
from tests.opa_process import opa_process, until
from tests.questions import question, questions

SHIPPED = shipped("policies") / "bundle" / ARCHIVE
PERMITTED = question()


@pytest.fixture(scope="module")
def other(opa_binary: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of a policy that refuses what the shipped one permits."""
    return other_bundle(tmp_path_factory.mktemp("other"), opa_binary)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    file = tmp_path / "bundle.tgz"
    shutil.copy(SHIPPED, file)
    return file


@pytest.fixture
def watched(place: Path) -> Iterator[PolicyPoint]:
    with closing(open_pdp(Policies(place))) as pdp:
        pdp.start()
        yield pdp


def _word(pdp: PolicyPoint) -> str:
    result = pdp.decide(PERMITTED).result
    assert isinstance(result, dict)
    return str(result["decision"])


def test_a_changed_bundle_decides_without_a_start(watched: PolicyPoint, place: Path, other: Path) -> None:
    assert _word(watched) == "permit"
    put(other, place)
    until(lambda: watched.digest == read_bundle(other).digest)
    assert _word(watched) == "deny"
    assert watched.problems() == ()
    put(SHIPPED, place)
    until(lambda: _word(watched) == "permit")


def test_a_reload_reads_what_looks_unchanged(
    watched: PolicyPoint, place: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    until(lambda: watched.problems() == ())
    monkeypatch.setattr("gateway.pdp.watch.stamp_of", lambda _: watched._watches[0]._stamp)
    put(other, place)
    watched.reload()
    until(lambda: watched.digest == read_bundle(other).digest)


@pytest.mark.parametrize("fault", ["half", "empty", "gone", "no archive", "adjusted"])
def test_a_bad_bundle_keeps_the_old_one_and_turns_readiness_red(
    watched: PolicyPoint, place: Path, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = watched.digest
    content = place.read_bytes()
    match fault:
        case "half":
            place.write_bytes(content[: len(content) // 2])
        case "empty":
            place.write_bytes(b"")
        case "gone":
            place.unlink()
        case "no archive":
            place.write_bytes(b"not an archive")
        case _:
            middle = len(content) // 2  # the end may be nothing but the archive's padding
            place.write_bytes(content[:middle] + bytes(32) + content[middle + 32 :])
    until(lambda: watched.problems() == ("policy_bundle",))
    assert (watched.digest, _word(watched)) == (before, "permit")
    assert "policy not changed" in capsys.readouterr().out
    place.write_bytes(content)
    until(lambda: watched.problems() == ())
    assert watched.digest == before


def test_an_unsigned_bundle_in_place_of_a_signed_one_is_not_taken(
    place: Path, other: Path, tmp_path: Path, opa_binary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_site = tmp_path / "site"
    private, public = write_pair(from_site, "site", new_keys()["ES256"])
    monkeypatch.setenv("OPA", opa_binary)
    place.write_bytes(_signed(SHIPPED, private, opa_binary))
    with closing(open_pdp(Policies(place, key=public))) as pdp:
        pdp.start()
        put(other, place)
        until(lambda: pdp.problems() == ("policy_bundle",))
        assert _word(pdp) == "permit"
        place.write_bytes(_signed(other, private, opa_binary))
        until(lambda: pdp.problems() == ())
        assert _word(pdp) == "deny"


def _signed(archive: Path, private: Path, opa: str) -> bytes:
    return sign_bundle(archive, private, "ES256", opa)


def test_what_is_wrong_at_the_start_stops_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        open_pdp(Policies(tmp_path / "absent.tgz"))
    with pytest.raises(ConfigurationError, match="GATEWAY_STATE_MODULES names atlantis, which the policy bundle does not have"):
        open_pdp(Policies(modules=("atlantis",)))


def test_each_bundle_is_kept_before_it_decides(place: Path, other: Path) -> None:
    kept: list[str] = []
    with closing(open_pdp(Policies(place), keep=lambda bundle: kept.append(bundle.digest))) as pdp:
        pdp.start()
        assert kept == [read_bundle(SHIPPED).digest]
        put(other, place)
        until(lambda: _word(pdp) == "deny")
        assert kept == [read_bundle(SHIPPED).digest, read_bundle(other).digest]


def test_a_bundle_that_cannot_be_kept_does_not_decide(place: Path, other: Path) -> None:
    def keep(bundle: Bundle) -> None:
        if bundle.digest != read_bundle(SHIPPED).digest:
            raise Unavailable("the database is out of reach")

    with closing(open_pdp(Policies(place), keep=keep)) as pdp:
        pdp.start()
        put(other, place)
        until(lambda: pdp.problems() == ("policy_bundle",))
        assert _word(pdp) == "permit"


def test_no_decision_is_lost_while_bundles_are_exchanged_under_load(other: Path) -> None:
    bundles = {bundle.digest: bundle for bundle in (read_bundle(SHIPPED), read_bundle(other))}
    words = dict(zip(bundles, ("permit", "deny"), strict=True))
    engine = LiveEngine(read_bundle(SHIPPED), instances=4)
    ended, seen, wrong = threading.Event(), Counter[str](), list[object]()

    def ask() -> None:
        while not ended.is_set():
            result, digest = engine.ask(PERMITTED)
            seen[digest] += 1
            if not isinstance(result, dict) or result["decision"] != words[digest]:
                wrong.append(result)

    def guarded() -> None:
        try:
            ask()
        except Unavailable as why:
            wrong.append(why)

    threads = [threading.Thread(target=guarded) for _ in range(4)]
    for thread in threads:
        thread.start()
    for turn in range(6):
        engine.take(list(bundles.values())[(turn + 1) % 2])
    ended.set()
    for thread in threads:
        thread.join()
    engine.close()
    assert wrong == []
    assert seen.keys() == bundles.keys()


def test_an_old_engine_is_closed_after_its_last_question_and_not_before() -> None:
    engine = LiveEngine(read_bundle(SHIPPED), instances=1)
    with engine._borrowed() as lent:
        old = lent.engine
        engine.take(read_bundle(SHIPPED))
        assert old.evaluate({}) is not None
    with pytest.raises(Unavailable):
        old.evaluate({})
    engine.close()
    with pytest.raises(Unavailable):
        engine.ask(EMPTY)


def test_a_kept_answer_is_the_one_that_a_new_engine_gives(other: Path) -> None:
    """Questions differ in state, day, purpose and agreement; each is asked twice, and again of another bundle."""
    engine = LiveEngine(read_bundle(SHIPPED), instances=1)
    for archive in (SHIPPED, other):
        engine.take(read_bundle(archive))
        for asked in (*questions().values(), *questions().values()):
            fresh = EmbeddedPdp(read_bundle(archive), instances=1)
            assert engine.ask(asked) == (fresh.evaluate(asked.content), read_bundle(archive).digest)
            fresh.close()
    engine.close()


def test_a_policy_that_permits_an_empty_question_is_not_taken() -> None:
    with pytest.raises(IntegrityError, match="does not answer an empty question as it must"):
        LiveEngine(read_bundle(SHIPPED), instances=1, sound=lambda _: False)


def test_both_can_be_exchanged_under_load_without_a_refused_request(place: Path, other: Path, opa_binary: str) -> None:
    """The OPA server watches its file as the gateway does; whichever sees the change first, no question is lost, unless the
    machine is so busy that its whole time is gone before both have seen the change."""
    with opa_process(opa_binary, place, "--watch") as server, closing(open_pdp(Policies(place), "opa", port=server.port)) as pdp:
        pdp.start()
        ended, seen, lost = threading.Event(), Counter[str](), list[float]()

        def ask() -> None:
            while not ended.wait(0.005):
                begun = time.monotonic()
                try:
                    seen[pdp.decide(PERMITTED).bundle] += 1
                except Unavailable:
                    lost.append(time.monotonic() - begun)

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for archive in (other, SHIPPED):
            put(archive, place)
            digest = read_bundle(archive).digest
            until(lambda digest=digest: seen[digest] and pdp.decide(PERMITTED).bundle == digest)
        ended.set()
        for thread in threads:
            thread.join()
    assert [seconds for seconds in lost if seconds < QUESTION_SECONDS] == []
    assert len(seen) == 2


def test_a_server_that_is_away_turns_readiness_red_and_is_found_again(place: Path, opa_binary: str) -> None:
    with opa_process(opa_binary, place) as server, closing(open_pdp(Policies(place), "opa", port=server.port)) as pdp:
        pdp.start()
        until(lambda: pdp.problems() == ())
        server.kill()
        until(lambda: pdp.problems() == ("policy_engine",))
        server.start()
        until(lambda: pdp.problems() == ())
        assert _word(pdp) == "permit"
