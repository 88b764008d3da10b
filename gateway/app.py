"""Composition root: settings, keys, database, log, engine and use cases put together once; the ASGI application."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from types import TracebackType

import uuid_utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.secrets import Secrets
from gateway.accountability.archive import ArchiveDesk
from gateway.accountability.beside import OpenDetail, OpenSubjects
from gateway.accountability.replay import ReplayDesk
from gateway.accountability.start_again import log_keys
from gateway.accountability.verify import Tell, Trust, Verified, check_not_restored, nobody, verify
from gateway.agreements.check import Law
from gateway.agreements.lifecycle import Registry
from gateway.agreements.open_law import open_law
from gateway.alerts.read_rules import read_rules_file
from gateway.alerts.rules import AlertRules
from gateway.alerts.tell import sender
from gateway.alerts.watch import AlertDesk
from gateway.audit import NOBODY, AuditLog, Listener
from gateway.authenticate import TokenVerifier
from gateway.catalog.load import load_catalog
from gateway.catalog.model import Catalog
from gateway.clients import ClientDesk
from gateway.consent.change import RightsDesk
from gateway.custody.desk import CustodyDesk
from gateway.custody.log_keys import LogSigners
from gateway.domain.auditing import AuditEvent
from gateway.domain.identifiers import AgreementId, EntryId, InstitutionId, ResourceName
from gateway.domain.times import utc_text
from gateway.errors import ConfigurationError, GatewayError, Unavailable
from gateway.exposure import ExposureDesk
from gateway.gate import Gate
from gateway.ingest import Intake
from gateway.issue_token import TokenIssuer
from gateway.keys.cursors import Cursors
from gateway.keys.seal import Sealer
from gateway.know_people import Acquaintances
from gateway.open_wrapper import open_wrapper
from gateway.pdp.engine import KnownPdp
from gateway.pdp.open_engine import open_pdp
from gateway.pdp.point import PolicyPoint
from gateway.pdp.policies import Policies
from gateway.pdp.read_bundle import Bundle
from gateway.register.desk import RegisterDesk
from gateway.remember import Memory
from gateway.resolution import ResolutionDesk
from gateway.reveal import secrets_of
from gateway.review import ReviewDesk
from gateway.settings import Settings
from gateway.shipped import PACKAGE, shipped
from gateway.store.audit_log import accepting_log
from gateway.store.decisions import keep_bundle, read_bundle_content
from gateway.store.engine import Database, assert_durable, exists, open_database
from gateway.store.key_ring import KeyRing
from gateway.store.migrate import assert_current
from gateway.store.record_tables import RecordTables, build_record_tables
from gateway.store.schema import metadata
from gateway.tlog.note import Signer

AUDIENCE = "educator-data-gateway"
DETAIL_TABLE = "audit_detail"
STORAGE_FAILED = 8
SHIPPED_RULES = PACKAGE / "alerts" / "standard.yaml"
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The one clock of a process."""
    return datetime.now(UTC)


def new_id() -> str:
    """A UUIDv7: sorts by time."""
    return str(uuid_utils.uuid7())


class Gateway:
    """Everything of one process, opened; use it as a context manager."""

    def __init__(
        self, settings: Settings, database: Database, ring: KeyRing, log_id: int, clock: Clock, listener: Listener = NOBODY
    ) -> None:
        self.settings = settings
        self.database = database
        self.ring = ring
        self.clock = clock
        self.catalog: Catalog = load_catalog()
        self.tables: Mapping[ResourceName, RecordTables] = record_tables(self.catalog)
        self.log_id = log_id
        self._deciding: list[PolicyPoint] = []
        self.log_signers = LogSigners(database, ring, settings.log_origin, clock)
        self.log = AuditLog(
            database,
            log_id,
            self.log_signers.now,
            clock=clock,
            new_entry_id=lambda: EntryId(new_id()),
            seal_detail=self._seal_detail,
            renew=self.log_signers.current,
            published=settings.published_checkpoint,
            on_fatal=lambda: os._exit(STORAGE_FAILED),
            listener=listener,
        )

    def __enter__(self) -> Gateway:
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None) -> None:
        for pdp in self._deciding:
            pdp.close()
        # Refusals of strangers are summed for a minute; what was counted since then must not end with the process.
        with suppress(Unavailable):
            self.log.flush_anonymous()
        self.database.close()

    def registry(self) -> Registry:
        """For changing agreements."""
        return Registry(self.database, self.ring, self.log, self.clock)

    def law(self) -> AbstractContextManager[Law]:
        """The rules that agreement files are checked by, today, with the state-law modules that are switched on."""
        return open_law(policies_of(self.settings), self.clock().date())

    def desk(self) -> ClientDesk:
        """For changing clients."""
        return ClientDesk(self.database, self.log, self.clock, os.urandom)

    def rights_desk(self) -> RightsDesk:
        """For changing consents and opt-outs, as the operator."""
        return RightsDesk(self.catalog, self.database, self.ring, self.log, self.clock, {"actor": "operator"})

    def review_desk(self) -> ReviewDesk:
        """For reviewing free text that the redaction is not certain of."""
        people = Acquaintances(self.catalog, self.tables)
        return ReviewDesk(self.tables, self.database, self.ring, self.log, people, self.clock)

    def resolution_desk(self) -> ResolutionDesk:
        """For saying which records are about one person."""
        return ResolutionDesk(self.catalog, self.tables, self.database, self.ring, self.log, self.clock)

    def exposure_desk(self) -> ExposureDesk:
        """For saying what left for a client or key that is in doubt."""
        return ExposureDesk(self.database, self.log_id, self.log, self.open_detail, self.resolution_desk(), self.clock)

    def custody_desk(self, actor: str) -> CustodyDesk:
        """For rotating and destroying keys, and for saying whose a pseudonym is."""
        return CustodyDesk(self.catalog, self.tables, self.database, self.ring, self.log, self.clock, actor)

    def register_desk(self) -> RegisterDesk:
        """For telling who was told what about one person."""
        return RegisterDesk(self.catalog, self.tables, self.database, self.ring, self.log, self.clock)

    def replay_desk(self) -> ReplayDesk:
        """For making decisions again."""
        return ReplayDesk(self.database, self.log_id, self.log, policies_of(self.settings))

    def alert_rules(self) -> AlertRules:
        """The rules of GATEWAY_ALERTS, or the shipped ones. Raises `FileErrors` or `ConfigurationError`."""
        return read_rules_file(self.settings.alerts or SHIPPED_RULES, os.environ)

    def alert_desk(self) -> AlertDesk:
        """For raising, telling and acknowledging alerts."""
        send = sender(self.secrets(), self.settings.log_origin, self.clock)
        return AlertDesk(self.database, self.log_id, self.log, self.clock, new_id, send)

    def secrets(self) -> Secrets:
        """For connecting to sources and to channels of alerts."""
        return secrets_of(partial(open_wrapper, self.settings))

    def intake(self) -> Intake:
        """For syncs."""
        return Intake(
            catalog=self.catalog,
            tables=self.tables,
            database=self.database,
            ring=self.ring,
            log=self.log,
            clock=self.clock,
            new_run_id=new_id,
            shrink_limit=self.settings.shrink_limit,
            keep_versions=timedelta(days=self.settings.keep_versions_days),
        )

    def gate(self, pdp: KnownPdp) -> Gate:
        """For disclosures."""
        verifier = TokenVerifier(self.settings.issuer, AUDIENCE, self._token_key().public_key())
        return Gate(
            catalog=self.catalog,
            tables=self.tables,
            database=self.database,
            ring=self.ring,
            pdp=pdp,
            modules=self.settings.modules,
            log=self.log,
            verifier=verifier,
            memory=Memory(verifier, pdp),
            people=Acquaintances(self.catalog, self.tables),
            cursors=Cursors(self.ring.cursor_key()),
            spool_folder=self.settings.home / "spool",
            clock=self.clock,
            random_bytes=os.urandom,
        )

    def token_issuer(self) -> TokenIssuer:
        """For the token endpoint."""
        return TokenIssuer(
            issuer=self.settings.issuer,
            audience=AUDIENCE,
            key=self._token_key(),
            database=self.database,
            log=self.log,
            clock=self.clock,
            random_bytes=os.urandom,
            token_seconds=self.settings.token_seconds,
        )

    def pdp(self) -> PolicyPoint:
        """The policy engine that the settings choose; each policy is stored before it decides."""
        settings = self.settings
        opened = open_pdp(
            policies_of(settings),
            settings.pdp,
            host=settings.opa_host,
            port=settings.opa_port,
            instances=settings.data_threads,
            keep=self._keep_bundle,
        )
        self._deciding.append(opened)
        return opened

    def reload_policies(self) -> None:
        """Read the policies again soon; may be called by a signal's handler."""
        for pdp in self._deciding:
            pdp.reload()

    def _keep_bundle(self, bundle: Bundle) -> None:
        with self.database.read() as connection:
            if read_bundle_content(connection, bundle.digest) is not None:
                return
        with self.database.write() as connection:
            keep_bundle(connection, bundle.digest, bundle.packed(), utc_text(self.clock()))
            self.log.append_in(connection, AuditEvent(kind="policy", leaf={"policy": bundle.digest, "outcome": "first used"}))

    def verify_log(self) -> Verified:
        """Verify every log; what was found of the one that takes entries. Raises `IntegrityError` at the first place that does not
        hold."""
        return self.verify_logs()[-1]

    def verify_logs(self, tell: Tell = nobody) -> list[Verified]:
        """The same of each, oldest first; `tell` hears how far it is."""
        trust = Trust(self._log_keys(), self._detail_opener(), self._subject_opener())
        return verify(self.database, trust, self.settings.published_checkpoint, tell)

    def archive_desk(self, actor: str) -> ArchiveDesk:
        """For exporting the log."""
        with self.database.read() as connection:
            keys = [key for key, _ in self.ring.log_keys(connection)]
        return ArchiveDesk(self.database, self.log, keys, actor)

    def refuse_restored(self) -> None:
        """Raises `IntegrityError` when the database is older than what this installation published."""
        check_not_restored(self.database, self.log_id, self._log_keys(), self.settings.published_checkpoint)

    def _log_keys(self) -> frozenset[bytes]:
        with self.database.read() as connection:
            return log_keys(self.ring, connection)

    @property
    def log_vkeys(self) -> tuple[str, ...]:
        """The log's verifier keys in the text form of signed notes, the newest first: older ones signed what was kept before."""
        with self.database.read() as connection:
            keys = [key for key, _ in self.ring.log_keys(connection)]
        return tuple(Signer(self.settings.log_origin, key).verifier.vkey for key in keys)

    def note_start(self, pdp: PolicyPoint) -> None:
        """Put the start of a server on the log, with what it will decide by."""
        policies = {"policy": pdp.digest} | ({"operator_policy": pdp.operator_digest} if pdp.operator_digest else {})
        self.log.append(AuditEvent(kind="start", leaf={**policies, "catalog": self.catalog.digest}))

    def _token_key(self) -> Ed25519PrivateKey:
        return self.ring.signing_key("token")

    def _seal_detail(self, owner: InstitutionId, entry: EntryId, plaintext: bytes) -> tuple[str, bytes]:
        key = self.ring.provider(owner).register
        return key.key_id, Sealer(key, DETAIL_TABLE).seal(plaintext, entry)

    def open_detail(self, entry: str, ciphertext: bytes, key_id: str) -> bytes | None:
        """Salt and detail of an entry; None when its register key was destroyed."""
        return self._detail_opener()(entry, ciphertext, key_id)

    def _detail_opener(self) -> OpenDetail:
        """Opens many, and reads each key once."""
        sealers: dict[str, Sealer | None] = {}

        def opened(entry: str, ciphertext: bytes, key_id: str) -> bytes | None:
            if key_id not in sealers:
                key = self.ring.register_key(key_id)
                sealers[key_id] = None if key is None else Sealer(key, DETAIL_TABLE)
            sealer = sealers[key_id]
            return None if sealer is None else sealer.unseal(ciphertext, entry)

        return opened

    def _subject_opener(self) -> OpenSubjects:
        keys: dict[tuple[str, str], bytes | None] = {}

        def opened(agreement: str, provider: str) -> bytes | None:
            if (agreement, provider) not in keys:
                try:
                    found = self.ring.agreement(AgreementId(agreement), InstitutionId(provider)).subject.secret
                except ConfigurationError:  # destroyed with the agreement, or with its provider's register
                    found = None
                keys[agreement, provider] = found
            return keys[agreement, provider]

        return opened


def policies_of(settings: Settings) -> Policies:
    """Where the policies are that the settings choose."""
    return Policies(settings.bundle, settings.operator_bundle, settings.bundle_key, settings.modules)


def record_tables(catalog: Catalog) -> Mapping[ResourceName, RecordTables]:
    """The record tables in a metadata of their own."""
    return build_record_tables(catalog, type(metadata)(naming_convention=metadata.naming_convention))


def open_store(settings: Settings) -> tuple[Database, KeyRing]:
    """The database and the keys of what `prepare` made, without a log. Raises `ConfigurationError` when they are not as needed."""
    if not exists(settings.database):
        raise ConfigurationError(
            "There is no database. Set GATEWAY_HOME or GATEWAY_DATABASE_URL to the one you mean, or make one: gateway db upgrade"
        )
    database = open_database(settings.database, pool_size=settings.pool_size)
    try:
        assert_current(database, shipped("migrations"))
        assert_durable(database)
        return database, KeyRing(database, open_wrapper(settings))
    except GatewayError:
        database.close()
        raise


def open_gateway(settings: Settings, clock: Clock = utc_now, listener: Listener = NOBODY) -> Gateway:
    """Open what `prepare` made; `listener` hears how appends to its log went. Raises `ConfigurationError` when the schema, the keys
    or the log are not as needed."""
    database, ring = open_store(settings)
    try:
        with database.read() as connection:
            log = accepting_log(connection)
        if log is None:
            raise ConfigurationError("The audit log is not open. Run: gateway db upgrade")
        log_id, origin = log
        if origin != settings.log_origin:
            raise ConfigurationError(f"The audit log's origin is {origin}; GATEWAY_LOG_ORIGIN must be the same.")
        gateway = Gateway(settings, database, ring, log_id, clock, listener)
        gateway.refuse_restored()
    except GatewayError:
        database.close()
        raise
    return gateway
