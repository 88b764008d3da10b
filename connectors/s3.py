"""S3-compatible storage as a place of files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.places import PlacedFile, checked_size, free_names, not_done
from connectors.secrets import SecretRef, Secrets
from gateway.errors import ConfigurationError, IngestError

CHUNK = 8 * 1024 * 1024


@dataclass(frozen=True)
class Bucket:
    """A bucket, the prefix to look under, and who asks; without an endpoint it is AWS's."""

    name: str
    prefix: str
    region: str
    endpoint: str
    access_key: SecretRef
    secret_key: SecretRef


class S3Place:
    """One bucket. What is fetched is what was listed: an object that was replaced in between is refused."""

    def __init__(self, bucket: Bucket, secrets: Secrets) -> None:
        self._bucket = bucket
        self._secrets = secrets

    def files(self) -> Sequence[PlacedFile]:
        obstore, store = self._opened()
        prefix = self._bucket.prefix
        try:
            listed = [entry for chunk in obstore.list(store, prefix or None) for entry in chunk]
        except obstore.exceptions.BaseError as why:
            raise self._refused("listed", why) from None
        names = ((str(entry["path"]), entry) for entry in listed)
        return sorted(PlacedFile(name.removeprefix(prefix).lstrip("/"), int(entry["size"]), _stamp(entry)) for name, entry in names)

    @contextmanager
    def held(self, file: PlacedFile, folder: Path) -> Iterator[Path]:
        checked_size(file)
        obstore, store = self._opened()
        path = folder / f"{abs(hash(file.name)):x}{Path(file.name).suffix}"
        try:
            options = {"if_match": file.stamp} if file.stamp.startswith('"') else {}
            with path.open("wb") as into:
                for chunk in obstore.get(store, self._key(file.name), options=options).stream(min_chunk_size=CHUNK):
                    into.write(chunk)
            if path.stat().st_size != file.size:
                raise IngestError(f"{file.name} was not fetched whole; sync again.")
            yield path
        except obstore.exceptions.PreconditionError:
            raise IngestError(f"{file.name} changed while it was fetched: sync again when the export has finished.") from None
        except (obstore.exceptions.BaseError, OSError) as why:
            raise self._refused(f"read ({file.name})", why) from None
        finally:
            path.unlink(missing_ok=True)

    def remove(self, file: PlacedFile) -> None:
        obstore, store = self._opened()
        try:
            if self._now(obstore, store, file.name) == file.stamp:
                obstore.delete(store, self._key(file.name))
        except obstore.exceptions.BaseError as why:
            raise not_done(file, "deleted", why) from None

    def move(self, file: PlacedFile, folder: str) -> None:
        obstore, store = self._opened()
        try:
            if self._now(obstore, store, file.name) != file.stamp:
                return
            # A bucket has no rename. Only this sync writes there, so what is free stays free until it is taken.
            target = next(name for name in free_names(file, folder) if not self._now(obstore, store, name))
            obstore.copy(store, self._key(file.name), self._key(target))
            obstore.delete(store, self._key(file.name))
        except obstore.exceptions.BaseError as why:
            raise not_done(file, "moved", why) from None

    def _now(self, obstore: Any, store: Any, name: str) -> str:
        """The stamp of an object as it is at this moment, empty where there is none."""
        try:
            return _stamp(obstore.head(store, self._key(name)))
        except FileNotFoundError:
            return ""

    def _key(self, name: str) -> str:
        return f"{self._bucket.prefix.rstrip('/')}/{name}" if self._bucket.prefix else name

    def _opened(self) -> tuple[Any, Any]:
        try:
            import obstore
            from obstore.store import S3Store
        except ImportError as why:
            raise ConfigurationError("S3 needs what is not installed. Run: pip install 'educator-data-gateway[s3]'") from why
        bucket = self._bucket
        config: Any = {
            "region": bucket.region,
            "access_key_id": self._secrets(bucket.access_key),
            "secret_access_key": self._secrets(bucket.secret_key),
            **({"endpoint": bucket.endpoint} if bucket.endpoint else {}),
        }
        client: Any = {"allow_http": bucket.endpoint.startswith("http://"), "timeout": "120s", "connect_timeout": "20s"}
        return obstore, S3Store(bucket.name, config=config, client_options=client, retry_config={"max_retries": 4})

    def _refused(self, what: str, why: Exception) -> IngestError:
        kind = type(why).__name__
        return IngestError(f"The bucket {self._bucket.name} cannot be {what} ({kind}): check bucket, endpoint, region and keys.")


def _stamp(entry: Any) -> str:
    return str(entry["e_tag"] or entry["last_modified"])
