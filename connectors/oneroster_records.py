"""The roster that OneRoster CSV bundles make: the last whole files with all later changes, as OneRoster 1.2 writes them in JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from connectors.json_rows import Json
from connectors.oneroster_bundles import Bundle, chain
from connectors.oneroster_rows import Item, roles_of_users
from connectors.oneroster_words import Object, Trouble, Wording, later_user, text_of
from connectors.rows import FileRow
from gateway.errors import IngestError

_ORGS = ("sourcedId", "name", "type", "identifier", "parentSourcedId")
_USERS = ("sourcedId", "givenName", "familyName")
_USERS_OF_1_1 = ("role", "orgSourcedIds")
_ROLES = ("sourcedId", "userSourcedId", "role", "orgSourcedId", "beginDate", "endDate")
_CLASSES = ("sourcedId", "title", "grades", "courseSourcedId", "schoolSourcedId", "termSourcedIds")
_COURSES = ("sourcedId", "courseCode")
_SESSIONS = ("sourcedId", "title", "startDate", "parentSourcedId", "schoolYear")
_ENROLMENTS = ("sourcedId", "classSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate")
_CHANGES = ("sourcedId", "status")
_METADATA = "metadata."
_IN_JSON = {"preferredGivenName": "preferredFirstName", "preferredFamilyName": "preferredLastName"}
"""The two members that JSON calls otherwise."""


class CsvRoster:
    """The roster of some bundles, the newest last."""

    def __init__(self, bundles: Sequence[Bundle], wording: Wording) -> None:
        self._bundles = bundles
        self._wording = wording
        self._in_users = bundles[-1].manifest.version == "1.1"
        """Whether users.csv has the roles."""

    def orgs(self) -> Iterator[Item]:
        for item in self._read("orgs", _ORGS):
            yield replace(item, found=_with_reference(item.found, "parentSourcedId", "parent"))

    def users(self) -> Iterator[Item]:
        if self._in_users:
            yield from self._users()
            return
        held: dict[str, list[Json]] = {}
        for item in self._roles():
            if item.trouble is not None:
                raise IngestError(
                    f"roles.csv:{item.number}: {item.trouble.reason}. It decides who is staff, so that nobody is read."
                )
            if self._may_be_staffs(item.found):
                held.setdefault(text_of(item.found, "userSourcedId"), []).append(dict(item.found))
        for item in self._users():
            roles = held.get(text_of(item.found, "sourcedId"), [])
            yield replace(item, found={**item.found, "roles": roles}) if item.found else item

    def roles(self) -> Iterator[Item]:
        if self._in_users:
            yield from roles_of_users(self._users())
            return
        named = {text_of(item.found, "userSourcedId") for item in self._roles() if self._may_be_staffs(item.found)}
        users = {key: item.found for item in self._users() if (key := text_of(item.found, "sourcedId")) in named}
        for item in self._roles():
            yield replace(item, user=users.get(text_of(item.found, "userSourcedId")))

    def classes(self) -> Iterator[Item]:
        for item in self._read("classes", tuple(dict.fromkeys((*_CLASSES, self._wording.section_id)))):
            placed = _with_reference(_with_reference(item.found, "schoolSourcedId", "school"), "courseSourcedId", "course")
            yield replace(item, found={**placed, "terms": _references(placed, "termSourcedIds")} if placed else placed)

    def courses(self) -> Iterator[Item]:
        yield from self._read("courses", _COURSES)

    def sessions(self) -> Iterator[Item]:
        for item in self._read("academicSessions", _SESSIONS):
            yield replace(item, found=_with_reference(item.found, "parentSourcedId", "parent"))

    def enrolments(self) -> Iterator[Item]:
        for item in self._read("enrollments", _ENROLMENTS):
            taught = _with_reference(item.found, "classSourcedId", "class")
            yield replace(item, found=_with_reference(taught, "userSourcedId", "user"))

    def _may_be_staffs(self, role: Object) -> bool:
        return text_of(role, "status") != "tobedeleted" and not self._wording.is_other(text_of(role, "role"))

    def _roles(self) -> Iterator[Item]:
        for item in self._read("roles", _ROLES):
            yield replace(item, found=_with_reference(item.found, "orgSourcedId", "org"))

    def _users(self) -> Iterator[Item]:
        of_version = _USERS_OF_1_1 if self._in_users else ()
        for item in self._read("users", tuple(dict.fromkeys((*_USERS, self._wording.staff_id, *of_version)))):
            found = {_IN_JSON.get(name, name): value for name, value in item.found.items()}
            if self._in_users and found:
                found["orgs"] = _references(found, "orgSourcedIds")
            yield replace(item, found=later_user(found))

    def _read(self, file: str, columns: tuple[str, ...]) -> Iterator[Item]:
        """Every row of a file, with its line; where changes were applied, with its number among the rows.

        Raises IngestError when a file of the chain cannot be read whole, or lacks one of the columns.
        """
        whole, *later = chain(self._bundles, file)
        if not later:
            yield from _rows(whole, file, columns)
            return
        changed: dict[str, Item] = {}
        for bundle in later:
            changed |= _changes(bundle, file, (*columns, *_CHANGES))
        met: set[str] = set()
        number = 0
        for number, item in enumerate(_rows(whole, file, columns), start=1):
            key = text_of(item.found, "sourcedId")
            met.add(key)
            yield replace(changed.get(key, item), number=number)
        new = [item for key, item in changed.items() if key not in met]
        yield from (replace(item, number=at) for at, item in enumerate(new, start=number + 1))


def _changes(bundle: Bundle, file: str, columns: tuple[str, ...]) -> Mapping[str, Item]:
    """The changes of one bundle by sourcedId. One that is not understood is refused with all: passed over, it would be lost."""
    changed: dict[str, Item] = {}
    for item in _rows(bundle, file, columns):
        key, status = text_of(item.found, "sourcedId"), text_of(item.found, "status")
        if item.trouble is not None or not key or status not in ("active", "tobedeleted"):
            raise IngestError(
                f"{file}.csv:{item.number} of {bundle.name}: a change must be a row that can be read, with a sourcedId and the "
                "status active or tobedeleted; nothing of it is applied."
            )
        changed[key] = item
    return changed


def _rows(bundle: Bundle, file: str, columns: tuple[str, ...]) -> Iterator[Item]:
    with bundle.table(f"{file}.csv") as table:
        missing = [name for name in columns if name not in table.header]
        if missing:
            raise IngestError(f"{file}.csv of {bundle.name} has no column {', '.join(missing)}: export it again.")
        for row in table.rows:
            yield _item(row, table.header)


def _item(row: FileRow, header: tuple[str, ...]) -> Item:
    trouble = None
    if row.fault is not None:
        member = "" if row.fault.cell is None else header[row.fault.cell]
        trouble = Trouble(row.fault.code, row.fault.reason, _IN_JSON.get(member, member))
    if len(row.cells) != len(header):
        reason = f"the row has {len(row.cells)} cells, the header {len(header)}"
        return Item(row.line, {}, trouble or Trouble("ragged_row", reason))
    found: dict[str, Json] = {}
    metadata: dict[str, Json] = {}
    for name, cell in zip(header, row.cells, strict=True):
        if name.startswith(_METADATA):
            metadata[name.removeprefix(_METADATA)] = cell.strip()
        elif name:
            found[name] = cell.strip()
    return Item(row.line, {**found, "metadata": metadata} if metadata else found, trouble)


def _with_reference(found: Object, column: str, member: str) -> Object:
    return {**found, member: {"sourcedId": text_of(found, column)}} if found else found


def _references(found: Object, column: str) -> list[Json]:
    """What a cell names, with commas between."""
    return [{"sourcedId": named.strip()} for named in text_of(found, column).split(",") if named.strip()]
