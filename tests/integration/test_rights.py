"""Consents and opt-outs act on the very next answer, outlive what a source does to its keys, and err by showing less."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from connectors.delimited import DelimitedSource
from connectors.source import Source
from gateway.agreements.activate import activate
from gateway.agreements.read_agreement import read_agreement
from gateway.app import new_id
from gateway.cli.source.files import read_source
from gateway.consent.change import (
    Changed,
    count_rights,
    give_consent,
    look_up,
    opt_out,
    rescind_opt_out,
    withdraw_consent,
)
from gateway.consent.take_in import RightsReport, source_rights, take_in
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.domain.rights import NamedPerson, RightsKind
from gateway.errors import IngestError, RequestError, Unavailable
from gateway.store.consents import current_consents
from gateway.store.epoch import read_epoch
from gateway.store.registry import register
from gateway.store.schema import consent, former_person, key_registry, quarantine
from gateway.store.schema import opt_out as opt_out_table
from tests.world import World, open_world

LAKESIDE, CANDIDATES = InstitutionId("lakeside"), ResourceName("candidates")
FORM = {
    "form": "release-2026",
    "recipient": "riverton",
    "purpose": "placement",
    "signed_on": "2026-10-01",
    "method": "paper",
}
AGREEMENT = """
version: 1
id: by-consent
title: Who consented, and who did not opt out of the directory
timezone: America/Chicago
term: {from: 2026-07-01, until: 2027-06-30}
parties:
  lakeside: {name: Lakeside University, kind: [epp]}
  riverton: {name: Riverton Unified School District, kind: [district]}
redisclosure: {allowed: false, notice: Use for the stated purpose only and do not pass on (34 CFR 99.33).}
destruction: {days_after_end: 90}
schedules:
  - id: directory
    provider: lakeside
    recipient: riverton
    legal_basis:
      basis: a11_directory
      citation: 34 CFR 99.31(a)(11)
      notice: {published: 2026-07-15, opt_out_until: 2026-09-01, designated: [lastSurname]}
    purposes: {early_hire: {legitimate_interest: Inviting candidates to apply}}
    resources:
      candidates:
        elements: {lastSurname: share}
"""
BY_FORM = """schedules:
  - id: by-form
    provider: lakeside
    recipient: riverton
    legal_basis:
      basis: consent
      citation: 34 CFR 99.30
      form: {id: release-2026, text_sha256: DIGEST, records: {candidates: [lastSurname]}}
    purposes: {placement: {legitimate_interest: Placing those who agreed}}
    resources:
      candidates:
        elements: {lastSurname: share}
""".replace("DIGEST", "a" * 64)
SOURCE = """
version: 1
id: registrar
provider: lakeside
maintainer: {kind: epp}
kind: delimited
location: extract
resources:
  people:
    file: people.csv
    columns: {Person: personId, System: sourceSystemDescriptor}
  candidates:
    file: candidates.csv
    columns:
      Id: candidateIdentifier
      Last: lastSurname
      Person: personReference.personId
      System: personReference.sourceSystemDescriptor
consents:
  candidates:
    file: consents.csv
    columns:
      Id: candidateIdentifier
      Form: form
      To: recipient
      For: purpose
      Signed: {element: signed_on, date: [iso, "%m/%d/%Y"]}
      Until: {element: until, date: true}
      How: method
      Who: signer
opt_outs:
  candidates:
    file: directory.csv
    columns: {Id: candidateIdentifier, Refuses: opted_out}
"""


@dataclass
class Registrar:
    """Lakeside's registrar: five candidates, a file of consents and one of opt-outs."""

    world: World

    @property
    def folder(self) -> Path:
        return self.world.folder / "extract"

    @property
    def source(self) -> Source:
        return read_source(self.world.folder / "registrar.yaml", self.world.gateway.catalog)

    def write(self, name: str, header: str, *rows: str) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / name).write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")

    def candidates(self, *rows: str) -> None:
        self.write("candidates.csv", "Id,Last,Person,System", *rows)

    def consents(self, *rows: str) -> None:
        self.write("consents.csv", "Id,Form,To,For,Signed,Until,How,Who", *rows)

    def opt_outs(self, *rows: str) -> None:
        self.write("directory.csv", "Id,Refuses", *rows)

    def sync(self) -> None:
        self.world.sync(self.source)

    def take(self, kind: RightsKind, *, allow_shrink: bool = False) -> RightsReport:
        order = source_rights(self.source, kind, CANDIDATES, allow_shrink=allow_shrink, shrink_limit=0.2)
        pages = DelimitedSource(self.source).pull_rights(kind, CANDIDATES)
        return take_in(order, pages, self.world.gateway.rights_desk(), new_id)

    def give(self, name: str, *, before_record: bool = False, **said: str) -> Changed:
        return give_consent(who(name), LAKESIDE, {**FORM, **said}, self.world.gateway.rights_desk(), before_record=before_record)

    def withdraw(self, name: str, form: str = "release-2026", recipient: str | None = None, purposes: str | None = None) -> Changed:
        return withdraw_consent(who(name), LAKESIDE, form, recipient, purposes, self.world.gateway.rights_desk())

    def opt_out(self, name: str, *, before_record: bool = False) -> Changed:
        return opt_out(who(name), LAKESIDE, self.world.gateway.rights_desk(), before_record=before_record)

    def rescind(self, name: str) -> Changed:
        return rescind_opt_out(who(name), LAKESIDE, self.world.gateway.rights_desk())

    def consented(self, name: str) -> set[tuple[str, str, str, str | None]]:
        """(purpose, origin, signed on, until) of what stands for somebody."""
        standing = look_up(who(name), LAKESIDE, self.world.gateway.rights_desk()).consents
        return {(c.consent.scope.purpose, c.origin, c.consent.signed_on, c.consent.until) for c in standing}

    def opted_out(self, name: str) -> set[str]:
        return {item.origin for item in look_up(who(name), LAKESIDE, self.world.gateway.rights_desk()).opt_outs}

    def directory(self, **parameters: str) -> list[str]:
        """The names that the partner sees in the directory."""
        answer = self._answer("/v1/candidates", **parameters)
        return sorted(record["lastSurname"] for record in answer.json()["data"])

    def version(self) -> str:
        """What `as_of` takes to see this directory again."""
        return self._answer("/v1/candidates").headers["gateway-version"]

    def changes(self, **parameters: str) -> dict[str, Any]:
        changes: dict[str, Any] = self._answer("/v1/candidates/changes", **parameters).json()
        return changes

    def _answer(self, path: str, **parameters: str) -> httpx.Response:
        answer = self.world.api.get(path, self.world.token("hiring"), purpose="early_hire", **parameters)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer

    def formers(self) -> int:
        """How many people are known by an earlier number."""
        with self.world.gateway.database.read() as connection:
            return connection.execute(select(func.count()).select_from(former_person)).scalar_one()

    def by_form(self) -> list[str]:
        """The names that the partner sees of those who signed."""
        answer = self.world.api.get("/v1/candidates", self.world.token("placing"), purpose="placement")
        assert answer.status_code == httpx.codes.OK, answer.text
        return sorted(record["lastSurname"] for record in answer.json()["data"])

    def epoch(self) -> int:
        with self.world.gateway.database.read() as connection:
            return read_epoch(connection)


def who(name: str) -> NamedPerson:
    return NamedPerson(CANDIDATES, {"candidateIdentifier": name})


@pytest.fixture
def registrar(tmp_path: Path, database_url: str) -> Iterator[Registrar]:
    with open_world(tmp_path / "home", database_url) as world:
        (world.folder / "registrar.yaml").write_text(SOURCE, encoding="utf-8")
        agreement = world.folder / "agreement.yaml"
        agreement.write_text(AGREEMENT, encoding="utf-8")
        world.agree(agreement)
        world.client("hiring", "riverton", ("early_hire",))
        made = Registrar(world)
        made.write("people.csv", "Person,System")
        made.candidates(*(f"{name},{name.upper()},," for name in ("ana", "bo", "cy", "di", "ed")))
        made.consents()
        made.opt_outs()
        made.sync()
        yield made


# --- one person at a time ---------------------------------------------------------------------------------------------


def test_an_opt_out_and_its_end_act_on_the_next_answer(registrar: Registrar) -> None:
    before = registrar.epoch()
    changed = registrar.opt_out("bo")
    assert changed.entry is not None and registrar.epoch() > before
    assert registrar.directory() == ["ANA", "CY", "DI", "ED"]
    registrar.rescind("bo")
    assert registrar.directory() == ["ANA", "BO", "CY", "DI", "ED"]


def test_an_entry_says_what_and_by_whom_and_nothing_of_the_person(registrar: Registrar) -> None:
    registrar.give("bo", purpose="placement, hiring", method="electronic", signer="bo@lakeside.example")
    registrar.withdraw("bo", purposes="hiring")
    registrar.opt_out("bo")
    registrar.rescind("bo")
    leaves = registrar.world.leaves("rights")
    assert [leaf["action"] for leaf in leaves] == ["give_consent", "withdraw_consent", "opt_out", "rescind_opt_out"]
    assert leaves[0]["purposes"] == ["hiring", "placement"] and leaves[0]["given"] == "2"
    assert (leaves[1]["ended"], leaves[1]["purposes"], leaves[1]["forms"]) == ("1", ["hiring"], ["release-2026"])
    assert all(leaf["actor"] == "operator" and leaf["institutions"] == ["lakeside"] and "detail" in leaf for leaf in leaves)
    assert "bo" not in json.dumps(leaves).replace("body", "")
    registrar.world.gateway.verify_log()


def test_whatever_is_withdrawn_or_refused_shows_one_person_less_and_nothing_more(registrar: Registrar) -> None:
    file = registrar.world.folder / "by-form.yaml"
    file.write_text(AGREEMENT.partition("schedules:")[0].replace("by-consent", "by-form") + BY_FORM, encoding="utf-8")
    activate(read_agreement(file, registrar.world.gateway.catalog), "test", registrar.world.gateway.registry())
    registrar.world.client("placing", "riverton", ("placement",))
    chance, names = Random(20_261_124), ["ana", "bo", "cy", "di", "ed"]
    can_give, agreed, refused = set(names), set[str](), set[str]()  # a form that was taken back counts no more
    less: Counter[str] = Counter()
    for _ in range(40):
        name = chance.choice(names)
        steps = [
            "rescind" if name in refused else "opt_out",
            *(["give"] if name in can_give else ["withdraw"] if name in agreed else []),
        ]
        step = chance.choice(steps)
        before = set(registrar.directory()), set(registrar.by_form())
        getattr(registrar, step)(name)
        after = set(registrar.directory()), set(registrar.by_form())
        if step in ("withdraw", "opt_out"):
            less[step] += 1
            assert after != before and after[0] <= before[0] and after[1] <= before[1]
        refused ^= {name} if step in ("opt_out", "rescind") else set()
        agreed ^= {name} if step in ("give", "withdraw") else set()
        can_give -= agreed
        assert after == ({one.upper() for one in names if one not in refused}, {one.upper() for one in agreed})
    assert less["withdraw"] >= 3 and less["opt_out"] >= 3


def test_what_stands_already_changes_nothing(registrar: Registrar) -> None:
    registrar.give("ana")
    registrar.opt_out("ana")
    before, entries = registrar.epoch(), len(registrar.world.leaves())
    assert registrar.give("ana").entry is None
    assert registrar.opt_out("ana").entry is None
    assert (registrar.epoch(), len(registrar.world.leaves())) == (before, entries)


def test_a_new_form_replaces_the_old_one_and_both_are_kept(registrar: Registrar) -> None:
    registrar.give("ana", until="2026-12-31")
    registrar.give("ana", signed_on="2026-11-01")
    assert registrar.consented("ana") == {("placement", "", "2026-11-01", None)}
    with registrar.world.gateway.database.read() as connection:
        rows = connection.execute(select(consent.c.signed_on, consent.c.to_version).order_by(consent.c.from_version)).fetchall()
    assert [(signed, ended is None) for signed, ended in rows] == [("2026-10-01", False), ("2026-11-01", True)]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"purpose": "anything"}, "purpose is one or more of placement"),
        ({"purpose": ""}, "purpose is one or more"),
        ({"signed_on": "2026-06-31"}, "signed_on is a day"),
        ({"signed_on": "2026-11-26"}, "signed_on is after today"),
        ({"until": "2026-09-30"}, "until is before signed_on"),
        ({"method": "spoken"}, "method is one of paper, electronic"),
        ({"method": "electronic"}, "signer names who was authenticated"),
        ({"signer": "a\nb"}, "signer is one line"),
        ({"form": "../x"}, "form is letters"),
        ({"recipient": "River Ton"}, "recipient is an institution"),
    ],
)
def test_a_consent_that_is_not_complete_is_refused(registrar: Registrar, said: Mapping[str, Any], told: str) -> None:
    before = registrar.epoch()
    with pytest.raises(RequestError, match=told):
        registrar.give("ana", **said)
    assert registrar.epoch() == before and registrar.consented("ana") == set()


def test_somebody_unknown_is_an_error_that_says_what_to_do(registrar: Registrar) -> None:
    for change in (registrar.give, registrar.withdraw, registrar.opt_out, registrar.rescind):
        with pytest.raises(RequestError, match="--before-record"):
            change("nobody")
    with registrar.world.gateway.database.read() as connection:
        assert len(connection.execute(select(key_registry.c.record_id)).fetchall()) == 5, "asking makes nobody"


@pytest.mark.parametrize(
    ("person", "told"),
    [
        (
            NamedPerson(ResourceName("fieldworkExperiences"), {"fieldworkIdentifier": "1"}),
            r"A person is named in one of: .*candidates",
        ),
        (NamedPerson(CANDIDATES, {"lastSurname": "ANA"}), "named by candidateIdentifier and nothing else"),
        (NamedPerson(CANDIDATES, {}), "candidateIdentifier is part of the key"),
        (NamedPerson(CANDIDATES, {"candidateIdentifier": "x" * 33}), "longer than 32"),
    ],
)
def test_a_person_is_named_by_an_identity_only(registrar: Registrar, person: NamedPerson, told: str) -> None:
    with pytest.raises(RequestError, match=told):
        opt_out(person, LAKESIDE, registrar.world.gateway.rights_desk())


def test_a_provider_of_which_there_is_nothing_has_nobody(registrar: Registrar) -> None:
    with pytest.raises(RequestError, match="nothing of oakhill"):
        opt_out(who("ana"), InstitutionId("oakhill"), registrar.world.gateway.rights_desk())


def test_withdrawing_can_be_narrowed(registrar: Registrar) -> None:
    registrar.give("ana", purpose="placement hiring")
    registrar.give("ana", recipient="oakhill")
    with pytest.raises(RequestError, match="nothing to withdraw"):
        registrar.withdraw("ana", form="release-2025")
    assert registrar.withdraw("ana", recipient="riverton", purposes="hiring").count == 1
    assert registrar.withdraw("ana", recipient="oakhill").count == 1
    assert registrar.consented("ana") == {("placement", "", "2026-10-01", None)}
    assert registrar.withdraw("ana").count == 1
    assert registrar.consented("ana") == set()


def test_the_list_counts_people_by_what_they_consented_to(registrar: Registrar) -> None:
    registrar.give("ana")
    registrar.give("bo", until="2026-11-23")
    registrar.give("cy", signed_on="2026-11-25")
    registrar.opt_out("di")
    counts, out = count_rights(LAKESIDE, registrar.world.gateway.rights_desk())
    assert [(c.scope.recipient, c.scope.purpose, c.live, c.lapsed) for c in counts] == [("riverton", "placement", 1, 2)]
    assert out == 1


def test_a_look_up_is_on_the_log(registrar: Registrar) -> None:
    registrar.consented("ana")
    assert registrar.world.leaves()[-1]["action"] == "look_up"


def test_a_change_without_its_entry_is_no_change(registrar: Registrar, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise Unavailable("no log")

    before = registrar.epoch()
    monkeypatch.setattr(registrar.world.gateway.log, "append_in", fail)
    with pytest.raises(Unavailable):
        registrar.opt_out("ana")
    monkeypatch.undo()
    assert registrar.epoch() == before and "ANA" in registrar.directory()


# --- before the record, and after it is renumbered ------------------------------------------------------------------------


def test_an_opt_out_before_the_record_binds_when_it_comes(registrar: Registrar) -> None:
    registrar.opt_out("flo", before_record=True)
    registrar.give("flo", before_record=True)
    registrar.candidates(*(f"{name},{name.upper()},," for name in ("ana", "bo", "cy", "di", "ed", "flo")))
    registrar.sync()
    assert registrar.directory() == ["ANA", "BO", "CY", "DI", "ED"]
    assert registrar.consented("flo") == {("placement", "", "2026-10-01", None)}


def renumber(registrar: Registrar, **persons: str) -> None:
    """Sync candidates that say which person they are."""
    registrar.write("people.csv", "Person,System", *(f"{person},uri://x#s" for person in sorted(set(persons.values()))))
    names = sorted({"ana", "bo", "cy", "di", "ed", *persons})
    registrar.candidates(*(f"{n},{n.upper()},{persons[n]},uri://x#s" if n in persons else f"{n},{n.upper()},," for n in names))
    registrar.sync()


@pytest.mark.parametrize("numbers", [("P1",), ("P1", "P2"), ("P1", "P2", "P1")])
def test_an_opt_out_finds_versions_that_bear_an_earlier_number(registrar: Registrar, numbers: tuple[str, ...]) -> None:
    """A walk as of an earlier version, and one that a feed is on, show rows with the numbers of their time."""
    agreement = registrar.world.folder / "agreement.yaml"
    schedule = "    recipient: riverton\n"
    agreement.write_text(AGREEMENT.replace(schedule, f"{schedule}    change_feed: true\n", 1), encoding="utf-8")
    registrar.world.agree(agreement)
    versions, places = [registrar.version()], [registrar.changes(limit="1")["next"]]
    for number in numbers:
        renumber(registrar, ana=number)
        versions.append(registrar.version())
        places.append(registrar.changes(limit="1")["next"])
    assert all("ANA" in registrar.directory(as_of=version) for version in versions)
    registrar.opt_out("ana")
    assert [version for version in versions if "ANA" in registrar.directory(as_of=version)] == []
    for place in places:
        told = [event["record"]["lastSurname"] for event in registrar.changes(since=place)["data"] if "record" in event]
        assert "ANA" not in told
    registrar.rescind("ana")
    assert all("ANA" in registrar.directory(as_of=version) for version in versions)


def test_nobody_has_a_former_number_whose_record_always_named_them(registrar: Registrar) -> None:
    renumber(registrar, flo="P1")
    assert registrar.formers() == 0
    renumber(registrar, flo="P1", ana="P2")
    assert registrar.formers() == 1


def test_rights_follow_when_the_source_says_who_the_person_is(registrar: Registrar) -> None:
    registrar.opt_out("ana")
    registrar.give("ana")
    registrar.opt_out("flo", before_record=True)
    before = registrar.epoch()
    renumber(registrar, ana="P1", flo="P2")
    assert registrar.directory() == ["BO", "CY", "DI", "ED"]
    assert registrar.consented("ana") == {("placement", "", "2026-10-01", None)}
    assert registrar.epoch() > before
    followed = [leaf for leaf in registrar.world.leaves("rights") if leaf["action"] == "follow_person"]
    assert [(leaf["given"], leaf["ended"], leaf["opted_out"]) for leaf in followed] == [("1", "1", "2")]
    registrar.rescind("ana")
    assert registrar.directory() == ["ANA", "BO", "CY", "DI", "ED"]
    registrar.withdraw("ana")
    with registrar.world.gateway.database.read() as connection:
        assert current_consents(connection, LAKESIDE) == [], "no number of the person keeps a consent that was withdrawn"


def test_what_two_origins_state_follows_whole(registrar: Registrar) -> None:
    registrar.consents("ana,release-2026,riverton,placement,2026-09-01,,paper,")
    registrar.opt_outs("ana,yes")
    registrar.take("consents")
    registrar.take("opt_outs")
    registrar.give("ana")
    registrar.opt_out("ana")
    renumber(registrar, ana="P1")
    assert {origin for _, origin, _, _ in registrar.consented("ana")} == {"", "registrar/candidates"}
    assert registrar.opted_out("ana") == {"", "registrar/candidates"}


def test_a_consent_ends_when_nobody_can_say_whose_it_was(registrar: Registrar) -> None:
    renumber(registrar, ana="P1", bo="P1")
    registrar.give("ana")
    registrar.opt_out("bo")
    assert registrar.consented("bo"), "they are one person so far"
    renumber(registrar, ana="P1", bo="P2")
    assert registrar.consented("ana") == set() and registrar.consented("bo") == set()
    assert "ANA" not in registrar.directory() and "BO" not in registrar.directory()


def test_a_withdrawal_follows_too(registrar: Registrar) -> None:
    registrar.give("ana")
    registrar.withdraw("ana")
    renumber(registrar, ana="P1")
    registrar.consents("ana,release-2026,riverton,placement,2026-10-01,,paper,")
    report = registrar.take("consents")
    assert [row.code for row in report.rejected] == ["withdrawn_since"]
    assert registrar.consented("ana") == set()


def test_a_person_named_by_hand_while_a_source_names_them_is_one_person(registrar: Registrar) -> None:
    database = registrar.world.gateway.database

    def meet() -> int | None:
        with database.write() as connection:
            return register(connection, LAKESIDE, "candidates", [bytes(32)], people=True)[bytes(32)].person

    with ThreadPoolExecutor(1) as other:
        with database.write() as connection:
            mine = register(connection, LAKESIDE, "candidates", [bytes(32)], people=True)[bytes(32)].person
            theirs = other.submit(meet)
            # Until it waits for this transaction, or for its turn where there is one writer at a time.
            wait([theirs], timeout=0.5)
        assert theirs.result() == mine


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_file_is_the_whole_of_what_its_source_states(registrar: Registrar) -> None:
    registrar.opt_outs("ana,yes", "bo,Y", "cy,no", "di,1", "ed,true")
    report = registrar.take("opt_outs")
    assert (report.rows, report.begun, report.ended, len(report.rejected)) == (5, 4, 0, 0)
    assert registrar.directory() == ["CY"]
    registrar.opt_out("cy")
    registrar.opt_outs("ana,yes", "bo,yes", "cy,no", "di,yes", "ed,no")
    report = registrar.take("opt_outs", allow_shrink=True)
    assert (report.begun, report.ended, report.unchanged) == (0, 1, 3)
    assert registrar.directory() == ["ED"], "what was stated by hand stands, whatever the file says"
    again, epoch = registrar.take("opt_outs"), registrar.epoch()
    assert (again.begun, again.ended) == (0, 0)
    assert registrar.take("opt_outs").unchanged == 3 and registrar.epoch() == epoch


def test_a_consent_that_the_file_no_longer_has_is_withdrawn(registrar: Registrar) -> None:
    rows = [f"{n},release-2026,riverton,placement; hiring,10/01/2026,2027-01-31,Electronic,{n}@x" for n in ("ana", "bo")]
    registrar.consents(*rows)
    assert registrar.take("consents").begun == 4
    assert registrar.consented("ana") == {
        (purpose, "registrar/candidates", "2026-10-01", "2027-01-31") for purpose in ("placement", "hiring")
    }
    registrar.consents(rows[0].replace("; hiring", "").replace("2027-01-31", "2027-02-28"))
    report = registrar.take("consents")
    assert (report.begun, report.ended, report.unchanged) == (1, 4, 0)
    assert registrar.consented("ana") == {("placement", "registrar/candidates", "2026-10-01", "2027-02-28")}
    assert registrar.consented("bo") == set()


def test_a_file_that_is_behind_does_not_bring_a_withdrawn_consent_back(registrar: Registrar) -> None:
    row = "ana,release-2026,riverton,placement,{},,paper,"
    registrar.consents(row.format("2026-10-01"))
    registrar.take("consents")
    assert registrar.withdraw("ana").stated_by == ("registrar/candidates",)
    for signed, back in (("2026-10-01", False), ("2026-11-24", False)):
        registrar.consents(row.format(signed))
        assert [r.code for r in registrar.take("consents").rejected] == ["withdrawn_since"]
        assert bool(registrar.consented("ana")) is back
    registrar.world.later(days=2)
    registrar.consents(row.format("2026-11-26"))
    assert registrar.take("consents").rejected == ()
    assert registrar.consented("ana")


def test_a_bad_row_is_told_by_place_and_never_lets_anybody_be_seen(registrar: Registrar) -> None:
    registrar.opt_outs("ana,yes", "bo,yes")
    registrar.take("opt_outs")
    registrar.opt_outs("ana,perhaps", "bo,yes")
    report = registrar.take("opt_outs")
    [bad] = report.rejected
    assert (bad.location.file, bad.location.line, bad.column, bad.code) == ("directory.csv", 2, "Refuses", "not_yes_or_no")
    assert (report.ended, registrar.opted_out("ana")) == (0, {"registrar/candidates"})
    registrar.opt_outs("bo,yes,surplus")
    report = registrar.take("opt_outs", allow_shrink=True)
    assert (report.unidentified, report.ended) == (1, 0), "a row that names nobody could be anybody's"
    assert registrar.opted_out("ana") and registrar.opted_out("bo")

    good = "ana,release-2026,riverton,placement,2026-10-01,,paper,"
    registrar.consents(good)
    registrar.take("consents")
    registrar.consents(good.replace("2026-10-01", "the first"))
    assert [r.code for r in registrar.take("consents").rejected] == ["not_a_date"]
    assert registrar.consented("ana") == set(), "no row that can be read states it"


def test_rows_that_contradict_each_other_count_for_nothing(registrar: Registrar) -> None:
    registrar.consents(
        "ana,release-2026,riverton,placement,2026-10-01,,paper,", "ana,release-2026,riverton,placement,2026-10-02,,paper,"
    )
    report = registrar.take("consents")
    assert [(r.location.line, r.code) for r in report.rejected] == [(3, "contradicts_earlier_row")]
    assert registrar.consented("ana") == set()


def test_a_row_before_its_record_counts_and_is_told(registrar: Registrar) -> None:
    registrar.opt_outs("flo,yes", "gus,no")
    report = registrar.take("opt_outs")
    assert report.rejected == () and [(r.location.line, r.code) for r in report.notices] == [(2, "no_record_yet")]
    with registrar.world.gateway.database.read() as connection:
        assert connection.execute(select(quarantine.c.code)).scalars().all() == ["no_record_yet"]
    registrar.candidates(*(f"{n},{n.upper()},," for n in ("ana", "bo", "cy", "di", "ed", "flo", "gus")))
    registrar.sync()
    assert registrar.directory() == ["ANA", "BO", "CY", "DI", "ED", "GUS"]


def test_opt_outs_that_vanish_beyond_the_limit_are_not_believed(registrar: Registrar) -> None:
    registrar.opt_outs("ana,yes", "bo,yes")
    registrar.take("opt_outs")
    registrar.opt_outs()
    before = registrar.epoch()
    with pytest.raises(IngestError, match=r"no longer has 2 of 2.*--allow-shrink"):
        registrar.take("opt_outs")
    assert registrar.epoch() == before and registrar.directory() == ["CY", "DI", "ED"]
    assert registrar.world.leaves("rights")[-1]["outcome"] == "failed"
    registrar.take("opt_outs", allow_shrink=True)
    assert registrar.directory() == ["ANA", "BO", "CY", "DI", "ED"]


def test_a_few_consents_may_vanish_and_many_may_not(registrar: Registrar) -> None:
    names = [f"c{number}" for number in range(60)]
    rows = [f"{name},release-2026,riverton,placement,2026-10-01,,paper," for name in names]
    registrar.consents(*rows)
    registrar.take("consents")
    registrar.consents(*rows[:50])
    assert registrar.take("consents").ended == 10
    registrar.consents(*rows[:39])
    with pytest.raises(IngestError, match="no longer has 11 of 50"):
        registrar.take("consents")


@pytest.mark.parametrize("kind", ["consents", "opt_outs"])
def test_a_file_that_cannot_be_read_whole_changes_nothing(registrar: Registrar, kind: RightsKind) -> None:
    registrar.opt_outs("ana,yes")
    registrar.consents("ana,release-2026,riverton,placement,2026-10-01,,paper,")
    registrar.take(kind)
    before = registrar.epoch()
    name = "consents.csv" if kind == "consents" else "directory.csv"
    (registrar.folder / name).write_text('Id\n"ana', encoding="utf-8")
    with pytest.raises(IngestError):
        registrar.take(kind)
    (registrar.folder / name).unlink()
    with pytest.raises(IngestError, match="is not in extract"):
        registrar.take(kind)
    assert registrar.epoch() == before


def test_nothing_is_taken_in_from_a_file_without_an_operation_agreement(tmp_path: Path, database_url: str) -> None:
    with open_world(tmp_path / "home", database_url) as world:
        (world.folder / "registrar.yaml").write_text(SOURCE, encoding="utf-8")
        registrar = Registrar(world)
        registrar.opt_outs("ana,yes")
        with pytest.raises(IngestError, match="who runs the gateway for lakeside"):
            registrar.take("opt_outs")


def test_an_import_is_one_entry_without_any_name(registrar: Registrar) -> None:
    registrar.opt_outs("ana,yes", "bo,yes", "cy,maybe")
    registrar.take("opt_outs")
    leaf = registrar.world.leaves("rights")[-1]
    assert (leaf["action"], leaf["outcome"], leaf["opted_out"], leaf["quarantined"]) == ("import_opt_outs", "changed", "2", "1")
    assert "ana" not in json.dumps(leaf)
    with registrar.world.gateway.database.read() as connection:
        assert len(connection.execute(select(opt_out_table.c.from_version).distinct()).fetchall()) == 1
    registrar.world.gateway.verify_log()
