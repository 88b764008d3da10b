"""Write OneRoster CSV bundles for tests, with the columns that the standard has."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

Rows = Sequence[Mapping[str, str]]
TAUGHT = {
    "academicSessions": "sourcedId status dateLastModified title type startDate endDate parentSourcedId schoolYear",
    "classes": "sourcedId status dateLastModified title grades courseSourcedId classCode classType location schoolSourcedId "
    "termSourcedIds subjects subjectCodes periods",
    "courses": "sourcedId status dateLastModified schoolYearSourcedId title courseCode grades orgSourcedId subjects subjectCodes",
    "enrollments": "sourcedId status dateLastModified classSourcedId schoolSourcedId userSourcedId role primary beginDate endDate",
}
"""The same in both versions."""
COLUMNS = {
    "1.2": {
        **TAUGHT,
        "orgs": "sourcedId status dateLastModified name type identifier parentSourcedId",
        "roles": "sourcedId status dateLastModified userSourcedId roleType role beginDate endDate orgSourcedId "
        "userProfileSourcedId",
        "users": "sourcedId status dateLastModified enabledUser username userIds givenName familyName middleName identifier email "
        "sms phone agentSourcedIds grades password userMasterIdentifier preferredGivenName preferredMiddleName "
        "preferredFamilyName primaryOrgSourcedId pronouns",
    },
    "1.1": {
        **TAUGHT,
        "orgs": "sourcedId status dateLastModified name type identifier parentSourcedId",
        "users": "sourcedId status dateLastModified enabledUser orgSourcedIds role username userIds givenName familyName "
        "middleName identifier email sms phone agentSourcedIds grades password",
    },
}


def text(columns: Sequence[str], rows: Rows) -> str:
    """A file of CSV; columns that a row does not name are empty, those that only rows name come last."""
    names = list(dict.fromkeys((*columns, *(name for row in rows for name in row))))
    written = io.StringIO()
    writer = csv.DictWriter(written, names, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def files(version: str, mode: str, **content: Rows) -> dict[str, str]:
    """The files of a bundle: each as `mode` says, those that are not named absent."""
    said = {"manifest.version": "1.0", "oneroster.version": version, "source.systemName": "A SIS"}
    named = ("orgs", "users", "roles", "demographics", *TAUGHT)
    said |= {f"file.{name}": mode if name in content else "absent" for name in named}
    manifest = text(("propertyName", "value"), [{"propertyName": name, "value": value} for name, value in said.items()])
    return {
        "manifest.csv": manifest,
        **{f"{name}.csv": text(COLUMNS[version][name].split(), rows) for name, rows in content.items()},
    }


def write(path: Path, content: Mapping[str, str | bytes]) -> None:
    """A bundle as a zip, or as a folder where the path does not end with `.zip`."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, body in content.items():
                archive.writestr(name, body)
        return
    path.mkdir(parents=True, exist_ok=True)
    for name, body in content.items():
        (path / name).write_bytes(body if isinstance(body, bytes) else body.encode())
