"""The one error tree: stable codes by stage, each with its HTTP status and exit code.

    GatewayError
    +-- ConfigurationError      GW-CFG   settings, key file, catalog, source file     500 / 2
    |   +-- FileErrors          several problems in one file, each with line and column
    +-- AuthenticationError     GW-AUT   token or client credentials                  401 / 3
    +-- RequestError            GW-REQ   parameter that cannot be served              400 / 2
    |   +-- UnknownElement      GW-REQ   unknown and withheld look alike
    |   +-- UnknownAgreement    GW-REQ   unknown and others' look alike              404 / 2
    |   +-- FileRefused         GW-REQ   a file that somebody sent has errors        422 / 2
    |   +-- NotAcceptable       GW-REQ   a format that there is not                  406 / 2
    |   +-- NotInLog            GW-REQ   missing and others' look alike              404 / 2
    +-- DisclosureDenied        GW-DEN   the policy says no, with rule ids            403 / 4
    +-- AgreementError          GW-AGR   agreement file or state                      409 / 5
    +-- IngestError             GW-ING   a source, a page, a shrink guard             502 / 6
    |   +-- SyncRunning         GW-ING   another sync has the lock                    409 / 6
    +-- Unavailable             GW-UNA   log, engine or database out of reach         503 / 7
    |   +-- StorageFailed       GW-UNA   the disk failed; this process must not go on
    +-- IntegrityError          GW-INT   the log or a sealed value does not verify    500 / 8

No message holds a record value. Messages for partners say only what their permitted view already tells them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Reason:
    """One rule that refused: its id, citation and a sentence that is safe to show the partner."""

    rule: str
    citation: str
    title: str


class GatewayError(Exception):
    """Root of the tree; `code` is stable, `detail` says what to do."""

    code: ClassVar[str] = "GW-000"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    title: ClassVar[str] = "The gateway failed"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class ConfigurationError(GatewayError):
    """A setting, key file or shipped file is missing or wrong."""

    code = "GW-CFG-01"
    exit_code = 2
    title = "The configuration is not usable"


@dataclass(frozen=True, order=True)
class FileProblem:
    """One mistake in a file, at a 1-based line and column.

    `message` says what is wrong, `fix` what to write instead, `text` is what stands there. `rule` and `citation` are those of
    the rule that it breaks, empty where only the shape is wrong.
    """

    file: str
    line: int
    column: int
    message: str
    fix: str = ""
    text: str = ""
    rule: str = ""
    citation: str = ""

    @property
    def sentence(self) -> str:
        """What is wrong, what to write instead, and by which rule."""
        told = f"{self.message}; {self.fix}" if self.fix else self.message
        return f"{told} [{self.rule}, {self.citation}]" if self.rule else told

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.sentence}"


class FileErrors(ConfigurationError):
    """Every problem of one file at once; nothing was changed."""

    code = "GW-CFG-02"
    title = "The file has errors"

    def __init__(self, problems: tuple[FileProblem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class AuthenticationError(GatewayError):
    """The caller is not known, or its token or credential is not good now."""

    code = "GW-AUT-01"
    status = 401
    exit_code = 3
    title = "Authentication failed"


class RequestError(GatewayError):
    """The request cannot be served as written."""

    code = "GW-REQ-01"
    status = 400
    exit_code = 2
    title = "The request is not valid"


class UnknownElement(RequestError):
    """An element that the permitted view does not have; withheld and non-existent are one answer."""

    code = "GW-REQ-02"
    title = "No such element in your permitted view"


class UnknownAgreement(RequestError):
    """An agreement that the institution is no party of; one that does not exist is the same answer."""

    code = "GW-REQ-04"
    status = 404
    title = "Your institution has no such agreement"


class FileRefused(RequestError):
    """Every problem of a file that was sent, at once; nothing was stored."""

    code = "GW-REQ-05"
    status = 422
    title = "The file has errors"

    def __init__(self, problems: tuple[FileProblem, ...]) -> None:
        super().__init__(f"Correct the file at {len(problems)} place{'' if len(problems) == 1 else 's'} and send it again.")
        self.problems = problems


class NotAcceptable(RequestError):
    """The client takes no format that the gateway can write."""

    code = "GW-REQ-06"
    status = 406
    title = "There is no such format"


class VersionGone(RequestError):
    """Records of a version that is older than the operator keeps them."""

    code = "GW-REQ-07"
    status = 410
    title = "This version is no longer kept"

    def __init__(self) -> None:
        super().__init__("The records of this version are no longer kept. Read them anew, without `as_of` or without `since`.")


class NotInLog(RequestError):
    """A tile that the log does not have, or an entry that the institution is no party of; one that does not exist is the same."""

    code = "GW-REQ-09"
    status = 404
    title = "The log has no such thing for you"


class DisclosureDenied(GatewayError):
    """The policy refused; `reasons` hold rule id, citation and a safe sentence each."""

    code = "GW-DEN-01"
    status = 403
    exit_code = 4
    title = "The disclosure is not permitted"

    def __init__(self, reasons: tuple[Reason, ...], choices: tuple[str, ...] = ()) -> None:
        super().__init__("; ".join(f"{reason.title} ({reason.rule})" for reason in reasons))
        self.reasons = reasons
        self.choices = choices


class AgreementError(GatewayError):
    """An agreement is not in a state that allows what was asked."""

    code = "GW-AGR-01"
    status = 409
    exit_code = 5
    title = "The agreement does not allow this"


class IngestError(GatewayError):
    """A source could not be read whole; the last good state stays."""

    code = "GW-ING-01"
    status = 502
    exit_code = 6
    title = "The source could not be loaded"


class SyncRunning(IngestError):
    """Another sync of the same provider, or a change of its keys, is at work."""

    code = "GW-ING-02"
    status = 409
    title = "Another sync is running"


class Unavailable(GatewayError):
    """The log, the policy engine or the database is out of reach: no answer rather than an unaudited one."""

    code = "GW-UNA-01"
    status = 503
    exit_code = 7
    title = "The gateway cannot answer now"


class StorageFailed(Unavailable):
    """Reading or syncing the disk failed: what the process believes to be durable may not be, so it must start again."""

    code = "GW-UNA-02"


class IntegrityError(GatewayError):
    """Something stored does not verify: the audit log, a sealed value, a signature."""

    code = "GW-INT-01"
    status = 500
    exit_code = 8
    title = "Stored data does not verify"
