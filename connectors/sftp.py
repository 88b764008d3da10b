"""An SFTP server as a place of files. Its host key is in the source file and checked before anything is sent."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from connectors.places import PlacedFile, checked_size, free_names, not_done
from connectors.secrets import SecretRef, Secrets
from gateway.errors import ConfigurationError, IngestError

CONNECT_SECONDS = 20
QUIET_SECONDS = 60
"""A server that sends nothing for so long has gone."""
MOST_FILES = 100_000
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class SftpAddress:
    """A server, who asks it, and its host key as `ssh-keyscan` prints it (`ssh-ed25519 AAAA...`); the folder to look in."""

    host: str
    port: int
    user: str
    host_key: str
    folder: str
    key: SecretRef | None = None
    password: SecretRef | None = None


class SftpPlace:
    """One server, connected to for each listing and each file."""

    def __init__(self, address: SftpAddress, secrets: Secrets) -> None:
        self._address = address
        self._secrets = secrets

    def files(self) -> Sequence[PlacedFile]:
        return sorted(self._run(self._listed))

    @contextmanager
    def held(self, file: PlacedFile, folder: Path) -> Iterator[Path]:
        checked_size(file)
        path = folder / f"{abs(hash(file.name)):x}{Path(file.name).suffix}"

        async def fetch(sftp: Any) -> int:
            await sftp.get(self._path(file.name), str(path))
            return path.stat().st_size

        try:
            if self._run(fetch) != file.size:
                raise IngestError(f"{file.name} changed while it was fetched: sync again when the export has finished.")
            yield path
        finally:
            path.unlink(missing_ok=True)

    def remove(self, file: PlacedFile) -> None:
        async def remove(sftp: Any) -> None:
            await sftp.remove(self._path(file.name))

        self._change(file, "deleted", remove)

    def move(self, file: PlacedFile, folder: str) -> None:
        async def move(sftp: Any) -> None:
            for name in free_names(file, folder):
                target = self._path(name)
                if not await sftp.lexists(target):
                    await sftp.makedirs(target.rpartition("/")[0], exist_ok=True)
                    # The plain rename of SFTP, unlike OpenSSH's own, never replaces what is there.
                    await sftp.rename(self._path(file.name), target)
                    return

        self._change(file, "moved", move)

    def _path(self, name: str) -> str:
        return f"{self._address.folder}/{name}"

    def _change(self, file: PlacedFile, what: str, work: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
        async def change(sftp: Any) -> Exception | None:
            from asyncssh import SFTPError

            try:
                path = self._path(file.name)
                if await sftp.exists(path) and _placed(file.name, await sftp.stat(path)) == file:
                    await work(sftp)
            except SFTPError as why:
                return why
            return None

        failed = self._run(change)
        if failed is not None:
            raise not_done(file, what, failed)

    async def _listed(self, sftp: Any) -> list[PlacedFile]:
        found: list[PlacedFile] = []
        async for name, attributes in _walked(sftp, self._address.folder):
            found.append(_placed(name, attributes))
            if len(found) > MOST_FILES:
                raise IngestError(f"{self._address.folder} holds more than {MOST_FILES} files: name a folder inside it.")
        return found

    def _run(self, work: Callable[[Any], Coroutine[Any, Any, _Result]]) -> _Result:
        async def connected() -> _Result:
            async with self._session() as sftp:
                return await work(sftp)

        return asyncio.run(connected())

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Any]:
        try:
            import asyncssh
        except ImportError as why:
            raise ConfigurationError("SFTP needs what is not installed. Run: pip install 'educator-data-gateway[sftp]'") from why
        address = self._address
        try:
            options: dict[str, Any] = {"client_keys": None, "agent_path": None, "config": None}
            if address.key is not None:
                options["client_keys"] = [asyncssh.import_private_key(self._secrets(address.key))]
            if address.password is not None:
                options["password"] = self._secrets(address.password)
            trusted: tuple[list[Any], list[Any], list[Any]] = ([asyncssh.import_public_key(address.host_key)], [], [])
            async with (
                asyncssh.connect(
                    address.host,
                    address.port,
                    username=address.user,
                    known_hosts=trusted,
                    connect_timeout=CONNECT_SECONDS,
                    keepalive_interval=QUIET_SECONDS // 2,
                    keepalive_count_max=2,
                    **options,
                ) as connection,
                connection.start_sftp_client() as sftp,
            ):
                yield sftp
        except asyncssh.KeyImportError:
            raise ConfigurationError("A key of this SFTP server cannot be read: check host_key and key.") from None
        except asyncssh.HostKeyNotVerifiable:
            raise IngestError(
                f"{address.host} shows another host key than the source file names; nothing was sent to it. If the server was "
                "replaced, ask its operator for the new key and write it as host_key."
            ) from None
        except asyncssh.PermissionDenied:
            raise IngestError(f"{address.host} does not let {address.user} in: check user, key and password.") from None
        except (asyncssh.Error, OSError, TimeoutError) as why:
            kind = type(why).__name__
            raise IngestError(f"{address.host} ({address.folder}) cannot be read whole ({kind}); sync again.") from None


def _placed(name: str, attributes: Any) -> PlacedFile:
    return PlacedFile(name, int(attributes.size or 0), str(attributes.mtime))


async def _walked(sftp: Any, folder: str, inside: str = "") -> AsyncIterator[tuple[str, Any]]:
    """Every ordinary file below a folder; links are not followed."""
    for entry in sorted(await sftp.readdir(f"{folder}/{inside}" if inside else folder), key=lambda found: str(found.filename)):
        name = str(entry.filename)
        if name in (".", ".."):
            continue
        path = f"{inside}/{name}" if inside else name
        mode = entry.attrs.permissions or 0
        if stat.S_ISDIR(mode):
            async for found in _walked(sftp, folder, path):
                yield found
        elif stat.S_ISREG(mode):
            yield path, entry.attrs
