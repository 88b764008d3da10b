"""Every table that does not derive from the catalog; the record tables are in `record_tables`.

Versioned rows carry `from_version` and `to_version` (null: current). Times are UTC, text in ISO 8601 with `Z`.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# --- state -----------------------------------------------------------------------------------------------------------

state_epoch = Table(
    "state_epoch",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)
"""One row. It moves with every change of an agreement, client, key, opt-out or consent (decision 9)."""

# --- keys ------------------------------------------------------------------------------------------------------------

wrapped_key = Table(
    "wrapped_key",
    metadata,
    Column("key_id", String(64), primary_key=True),
    Column("owner_kind", String(16), nullable=False),
    Column("owner_id", String(128), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("generation", Integer, nullable=False, server_default="1"),
    Column("wrapped_by", String(64), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("retired_at", String(32)),
    Index(None, "owner_kind", "owner_id", "purpose"),
)
"""Data keys, wrapped by the key-encryption key or by a provider's register key; deleting a row destroys what it sealed. Of a
purpose the highest generation is the one in use."""

# --- clients and tokens ----------------------------------------------------------------------------------------------

client = Table(
    "client",
    metadata,
    Column("client_id", String(64), primary_key=True),
    Column("institution_id", String(64), nullable=False),
    Column("title", String(200), nullable=False),
    Column("purposes", JSON, nullable=False),
    Column("default_purpose", String(64), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("locked_until", String(32)),
)

client_credential = Table(
    "client_credential",
    metadata,
    Column("client_id", String(64), primary_key=True),
    Column("credential_id", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("public_jwk", JSON),
    Column("secret_hash", String(200)),
    Column("created_at", String(32), nullable=False),
    Column("retired_at", String(32)),
    ForeignKeyConstraint(["client_id"], ["client.client_id"]),
)
"""`kind` is `public_key` or `secret`; two live at once while a client rotates."""

assertion_used = Table(
    "assertion_used",
    metadata,
    Column("client_id", String(64), primary_key=True),
    Column("jti", String(200), primary_key=True),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "expires_at"),
)
"""Single use of a `private_key_jwt`: the primary key refuses a replay. `expires_at` in seconds since 1970."""

token_revoked = Table(
    "token_revoked",
    metadata,
    Column("token_id", String(64), primary_key=True),
    Column("expires_at", BigInteger, nullable=False),
)

# --- agreements ------------------------------------------------------------------------------------------------------

agreement = Table(
    "agreement",
    metadata,
    Column("agreement_id", String(128), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("document", JSON, nullable=False),
    Column("source_text", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
)
"""A version is never changed; `digest` is SHA-256 over the RFC 8785 form of `document`, in hexadecimal."""

agreement_state = Table(
    "agreement_state",
    metadata,
    Column("agreement_id", String(128), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("from_version", BigInteger, primary_key=True),
    Column("to_version", BigInteger),
    Column("state", String(16), nullable=False),
    Column("at", String(32), nullable=False),
    Column("actor", String(128), nullable=False),
    ForeignKeyConstraint(["agreement_id", "version"], ["agreement.agreement_id", "agreement.version"]),
)
"""The history of states; `from_version` is the state epoch of the change."""

agreement_signature = Table(
    "agreement_signature",
    metadata,
    Column("agreement_id", String(128), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("institution_id", String(64), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("method", String(32), nullable=False),
    Column("signer", String(200), nullable=False),
    Column("signature", LargeBinary),
    Column("evidence", JSON),
    Column("at", String(32), nullable=False),
    ForeignKeyConstraint(["agreement_id", "version"], ["agreement.agreement_id", "agreement.version"]),
)

"""`method` is `ed25519`, `attested` (a steward states that the executed document has the digest) or `operator`."""

signatory = Table(
    "signatory",
    metadata,
    Column("institution_id", String(64), primary_key=True),
    Column("signatory_id", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("name", String(200), nullable=False),
    Column("title", String(200), nullable=False),
    Column("public_jwk", JSON),
    Column("created_at", String(32), nullable=False),
    Column("retired_at", String(32)),
)
"""Who may sign (`signatory`, with a key) or attest an executed document (`steward`) for an institution."""

executed_document = Table(
    "executed_document",
    metadata,
    Column("agreement_id", String(128), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("media_type", String(100), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("uploaded_by", String(200), nullable=False),
    Column("at", String(32), nullable=False),
    ForeignKeyConstraint(["agreement_id", "version"], ["agreement.agreement_id", "agreement.version"]),
)
"""The PDF that people signed, in ink or by an e-signature."""

operation = Table(
    "operation",
    metadata,
    Column("provider_id", String(64), primary_key=True),
    Column("agreement_id", String(128), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("facts", JSON, nullable=False),
    ForeignKeyConstraint(["agreement_id", "version"], ["agreement.agreement_id", "agreement.version"]),
)
"""Agreements of kind `operation`: who runs the gateway for a provider; without one in force nothing of it is pulled."""

determination = Table(
    "determination",
    metadata,
    Column("agreement_id", String(128), primary_key=True),
    Column("agreement_version", Integer, primary_key=True),
    Column("schedule", String(128), primary_key=True),
    Column("resource", String(100), primary_key=True),
    Column("provider_id", String(64), nullable=False),
    Column("data_version", BigInteger, nullable=False),
    Column("smallest_class", Integer, nullable=False),
    Column("official", String(200), nullable=False),
    Column("reasons", Text, nullable=False),
    Column("at", String(32), nullable=False),
    ForeignKeyConstraint(["agreement_id", "agreement_version"], ["agreement.agreement_id", "agreement.version"]),
)
"""An official's determination that a release is de-identified (34 CFR 99.31(b)(1)), frozen at a promoted version."""

grant_usage = Table(
    "grant_usage",
    metadata,
    Column("agreement_id", String(128), primary_key=True),
    Column("schedule", String(128), primary_key=True),
    Column("resource", String(100), primary_key=True),
    Column("period", String(16), primary_key=True),
    Column("requests", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
)
"""What was disclosed under a grant that has limits; `period` is a day of the agreement (`2026-11-24`) or a UTC minute."""

policy_bundle = Table(
    "policy_bundle",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("first_used_at", String(32), nullable=False),
)
"""Every policy that ever decided here, so that a decision can be made again."""

decision_input = Table(
    "decision_input",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
"""The input of each decision (RFC 8785), once however often it was decided; the log's leaf holds the digest."""

agreement_grant = Table(
    "agreement_grant",
    metadata,
    Column("recipient_id", String(64), primary_key=True),
    Column("resource", String(100), primary_key=True),
    Column("provider_id", String(64), primary_key=True),
    Column("agreement_id", String(128), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("schedule", String(128), primary_key=True),
    Column("facts", JSON, nullable=False),
    ForeignKeyConstraint(["agreement_id", "version"], ["agreement.agreement_id", "agreement.version"]),
    Index(None, "provider_id", "resource"),
)
"""One row for each (schedule, resource) of a version: what the policy needs, found without reading other agreements."""

opt_out = Table(
    "opt_out",
    metadata,
    Column("provider_id", String(64), primary_key=True),
    Column("person_id", BigInteger, primary_key=True),
    Column("from_version", BigInteger, primary_key=True),
    Column("to_version", BigInteger),
    Column("at", String(32), nullable=False),
    Column("origin", String(128), nullable=False, server_default=""),
)
"""Directory-information opt-outs (34 CFR 99.37); versions are state epochs. `origin` is the source whose file states it, empty
where it was stated to the gateway itself; a person is opted out while any origin says so."""

former_person = Table(
    "former_person",
    metadata,
    Column("provider_id", String(64), primary_key=True),
    Column("former_id", BigInteger, primary_key=True),
    Column("person_id", BigInteger, primary_key=True),
    Column("from_version", BigInteger, nullable=False),
)
"""Who had another number before their source named them; versions are state epochs. Rows of records bear the number of their time,
and an opt-out is stated for that of today. Whoever had several has a row for each."""

consent = Table(
    "consent",
    metadata,
    Column("provider_id", String(64), primary_key=True),
    Column("person_id", BigInteger, primary_key=True),
    Column("form", String(64), primary_key=True),
    Column("recipient_id", String(64), primary_key=True),
    Column("purpose", String(64), primary_key=True),
    Column("from_version", BigInteger, primary_key=True),
    Column("to_version", BigInteger),
    Column("signed_on", String(10), nullable=False),
    Column("until_day", String(10)),
    Column("method", String(16), nullable=False),
    Column("signer", String(200)),
    Column("at", String(32), nullable=False),
    Column("origin", String(128), nullable=False, server_default=""),
    Column("withdrawn_on", String(10)),
)
"""Written consents (34 CFR 99.30): a person, on a form whose text names records, purpose and party; versions are state epochs.
`until_day` is the last day, null without end; `method` is `paper` or `electronic`, `signer` the authenticated signer's id.
`origin` is as in `opt_out`; `withdrawn_on` is the day on which the person withdrew it: no file brings it back."""

roster_line = Table(
    "roster_line",
    metadata,
    Column("agreement_id", String(128), primary_key=True),
    Column("schedule", String(128), primary_key=True),
    Column("provider_id", String(64), primary_key=True),
    Column("key_space", String(100), primary_key=True),
    Column("record_id", BigInteger, primary_key=True),
    Column("from_version", BigInteger, primary_key=True),
    Column("to_version", BigInteger),
    Column("own_id", LargeBinary, nullable=False),
    Column("at", String(32), nullable=False),
)
"""The rosters that recipients submitted: whom they ask about, by the surrogate that the provider's registry has for each name,
whether or not a record of it is there; versions are state epochs. `own_id` is what the recipient calls them, sealed."""

# --- records ---------------------------------------------------------------------------------------------------------

key_registry = Table(
    "key_registry",
    metadata,
    Column("provider_id", String(64), primary_key=True),
    Column("key_space", String(100), primary_key=True),
    Column("source_key", LargeBinary(32), primary_key=True),
    Column("record_id", BigInteger, nullable=False),
    Column("person_id", BigInteger),
    Index(None, "provider_id", "record_id", unique=True),
)
"""The surrogate of each natural key ever seen, also of references that dangle; `source_key` is an HMAC."""

person_counter = Table(
    "person_counter",
    metadata,
    Column("provider_id", String(64), primary_key=True),
    Column("last_person_id", BigInteger, nullable=False),
)

resource_head = Table(
    "resource_head",
    metadata,
    Column("provider_id", String(64), primary_key=True),
    Column("resource", String(100), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("promoted_at", String(32), nullable=False),
    Column("stored_elements", JSON, nullable=False),
    Column("kept_since", String(32)),
)
"""The version that readers see; `stored_elements` are those that an agreement needed when it was promoted. What readers saw since
`kept_since` is there whole, null where nothing was ever forgotten."""

promotion = Table(
    "promotion",
    metadata,
    Column("provider_id", String(64), primary_key=True),
    Column("resource", String(100), primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("run_id", String(64), nullable=False),
    Column("at", String(32), nullable=False),
    Column("inserted", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("deleted", BigInteger, nullable=False),
    Column("unchanged", BigInteger, nullable=False),
)

sync_run = Table(
    "sync_run",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("provider_id", String(64), nullable=False),
    Column("source_id", String(128), nullable=False),
    Column("resource", String(100), nullable=False),
    Column("started_at", String(32), nullable=False),
    Column("ended_at", String(32)),
    Column("state", String(16), nullable=False),
    Column("read", BigInteger, nullable=False, server_default="0"),
    Column("quarantined", BigInteger, nullable=False, server_default="0"),
    Column("failure", String(400)),
    Index(None, "provider_id", "resource", "started_at"),
    Index(None, "provider_id", "source_id", "resource", "state", "ended_at"),
)
"""`state`: running, promoted, unchanged, refused or failed. `failure` names the rule, never a value. Runs are kept, so how fresh a
resource is must be found in an index alone."""

quarantine = Table(
    "quarantine",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("provider_id", String(64), nullable=False),
    Column("resource", String(100), nullable=False),
    Column("file", String(400), nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("column_name", String(200), nullable=False),
    Column("code", String(64), nullable=False),
    Column("reason", String(400), nullable=False),
    Column("source_key", LargeBinary(32)),
    Index(None, "provider_id", "resource"),
)
"""Rows that failed, by place and rule; the value stays in the source. `source_key` where the row could say which record it was:
when that record comes right, the row is no longer in quarantine."""

source_position = Table(
    "source_position",
    metadata,
    Column("provider_id", String(64), primary_key=True),
    Column("source_id", String(128), primary_key=True),
    Column("resource", String(100), primary_key=True),
    Column("position", String(500), nullable=False),
    Column("mapping", String(64), nullable=False),
    Column("whole_at", String(32), nullable=False),
)
"""How far a source was read, for those that know what changed since. It moves with the promotion, in one transaction."""

source_turn = Table(
    "source_turn",
    metadata,
    Column("provider_id", String(64), primary_key=True),
    Column("source_id", String(128), primary_key=True),
    Column("turn", String(40), primary_key=True),
    Column("taken_by", String(64), nullable=False),
    Column("taken_at", String(32), nullable=False),
    Column("ended_at", String(32)),
    Column("outcome", String(64)),
)
"""The turns of scheduled sources: the process that inserts a turn does it. `outcome` is promoted, unchanged or an error's code."""

source_expected = Table(
    "source_expected",
    metadata,
    Column("provider_id", String(64), primary_key=True),
    Column("source_id", String(128), primary_key=True),
    Column("resource", String(100), primary_key=True),
    Column("late_after", BigInteger, nullable=False),
)
"""How old (seconds) the last good sync of a resource may be before its source counts as late."""

source_shape = Table(
    "source_shape",
    metadata,
    Column("provider_id", String(64), primary_key=True),
    Column("source_id", String(128), primary_key=True),
    Column("resource", String(100), primary_key=True),
    Column("mapping", String(64), nullable=False),
    Column("others", Integer, nullable=False),
    Column("crowded", Boolean, nullable=False),
    Column("fields", JSON, nullable=False),
)
"""What is known of the fields of a resource of a source: by name whether every object has it, and the types that its texts look
like. `others` fields are counted and not named; `crowded`: there are so many that only those that are mapped are named."""

source_drift = Table(
    "source_drift",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("provider_id", String(64), nullable=False),
    Column("source_id", String(128), nullable=False),
    Column("resource", String(100), nullable=False),
    Column("at", String(32), nullable=False),
    Column("field", String(64), nullable=False),
    Column("change", String(16), nullable=False),
    Column("before", JSON, nullable=False),
    Column("now", JSON, nullable=False),
    Index(None, "provider_id", "source_id", "at"),
)
"""What a run found changed at a source: a field that is `new`, `gone` or of another `type`, or (without a name) another number of
`others`. Names of fields and of types, never a value."""

text_decision = Table(
    "text_decision",
    metadata,
    Column("provider_id", String(64), primary_key=True),
    Column("resource", String(100), primary_key=True),
    Column("record_id", BigInteger, primary_key=True),
    Column("record_version", BigInteger, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("element", String(200), primary_key=True),
    Column("from_version", BigInteger, primary_key=True),
    Column("to_version", BigInteger),
    Column("outcome", String(16), nullable=False),
    Column("source_digest", LargeBinary(32), nullable=False),
    Column("redacted_digest", LargeBinary(32), nullable=False),
    Column("decided_by", String(200), nullable=False),
    Column("at", String(32), nullable=False),
)
"""What stewards decided about free texts that the redaction was not certain of: `released` or `withheld`. `ordinal` is -1 outside a
collection; versions are state epochs; the digests are keyed."""

person_judgement = Table(
    "person_judgement",
    metadata,
    Column("provider_id", String(64), primary_key=True),
    Column("pair", LargeBinary(32), primary_key=True),
    Column("judgement", String(16), nullable=False),
    Column("decided_by", String(200), nullable=False),
    Column("at", String(32), nullable=False),
)
"""What stewards said about two records that are likely about one person: `same` or `different`. `pair` is a keyed digest of both
keys."""

person_link = Table(
    "person_link",
    metadata,
    Column("provider_id", String(64), primary_key=True),
    Column("other_id", String(64), primary_key=True),
    Column("other_space", String(100), primary_key=True),
    Column("other_record_id", BigInteger, primary_key=True),
    Column("key_space", String(100), primary_key=True),
    Column("record_id", BigInteger, nullable=False),
    Column("decided_by", String(200), nullable=False),
    Column("at", String(32), nullable=False),
)
"""Links across institutions (decision 4): the provider's steward found that a record of the other institution is of the person whom
the provider's registry knows by this surrogate. Only a roster is made of it, and only as far as an agreement goes."""


# --- audit (RFC 6962 tree, C2SP checkpoints) ----------------------------------------------

audit_log = Table(
    "audit_log",
    metadata,
    Column("log_id", Integer, primary_key=True, autoincrement=False),
    Column("origin", String(200), nullable=False),
    Column("key_id", String(64), nullable=False),
    Column("opened_at", String(32), nullable=False),
    Column("accepts", Boolean, nullable=False),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("log_id", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("checkpoint", Text, nullable=False),
    Column("successor", Integer),
)
"""`successor`: the log that was opened in its place; nothing is appended to one that has a successor. It stands in the row that
writers lock, so that none of them can miss it."""

audit_key = Table(
    "audit_key",
    metadata,
    Column("log_id", Integer, primary_key=True, autoincrement=False),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
)
"""The keys that sign a log, each announced in a note that it and the key before it signed (`gateway.tlog.key_chain`)."""

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("log_id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("entry_id", String(36), nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("leaf_hash", LargeBinary(32), nullable=False),
    Index(None, "log_id", "entry_id", unique=True),
)

audit_node = Table(
    "audit_node",
    metadata,
    Column("log_id", Integer, primary_key=True, autoincrement=False),
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False),
)

audit_detail = Table(
    "audit_detail",
    metadata,
    Column("log_id", Integer, primary_key=True, autoincrement=False),
    Column("entry_id", String(36), primary_key=True),
    Column("key_id", String(64), nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
)

audit_party = Table(
    "audit_party",
    metadata,
    Column("log_id", Integer, primary_key=True, autoincrement=False),
    Column("institution_id", String(64), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
)
"""Which institutions' officers may see which entries."""

subject_progress = Table(
    "subject_progress",
    metadata,
    Column("log_id", Integer, primary_key=True, autoincrement=False),
    Column("next_seq", BigInteger, nullable=False),
    Column("moved", BigInteger, nullable=False),
)
"""How far a log is indexed by person: the first index that is not. `moved` goes up with each step, so that of two processes that
index at once one gives way."""

subject_segment = Table(
    "subject_segment",
    metadata,
    Column("log_id", Integer, primary_key=True, autoincrement=False),
    Column("provider_id", String(64), primary_key=True),
    Column("first_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("after_seq", BigInteger, nullable=False),
    Column("bits", Integer, nullable=False),
    Column("mentions", BigInteger, nullable=False),
    Column("key_id", String(64), nullable=False),
)
"""A stretch of a log, from `first_seq` to before `after_seq`, indexed by a provider's people in 2^bits buckets; `mentions` are
pairs of person and entry."""

subject_bucket = Table(
    "subject_bucket",
    metadata,
    Column("log_id", Integer, primary_key=True, autoincrement=False),
    Column("provider_id", String(64), primary_key=True),
    Column("first_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("bucket", BigInteger, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
)
"""Which entries name which people, sealed under the provider's register key. A person's bucket is the beginning of a keyed hash:
the number itself stands nowhere in clear."""

audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("log_id", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
    Column("cosignatures", JSON, nullable=False),
    Column("published_at", String(32), nullable=False),
)
"""`published_at` is the time of the newest entry that the checkpoint covers, so that it can be derived."""

# --- alerts ----------------------------------------------------------------------------------------------------------

alert_position = Table(
    "alert_position",
    metadata,
    Column("log_id", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("since", String(32), nullable=False),
    Column("turn", String(32), nullable=False),
)
"""Up to which index a log was evaluated, since when entries raise alerts (older ones teach what is usual), and the turn that was
taken last: the process that moves it does it."""

alert_memory = Table(
    "alert_memory",
    metadata,
    Column("log_id", Integer, primary_key=True, autoincrement=False),
    Column("client_id", String(64), primary_key=True),
    Column("memory", JSON, nullable=False),
)
"""What a client usually does, made from the log up to the position."""

alert = Table(
    "alert",
    metadata,
    Column("alert_id", String(36), primary_key=True),
    Column("rule", String(64), nullable=False),
    Column("subject", String(400), nullable=False),
    Column("at", String(32), nullable=False),
    Column("raised_at", String(32), nullable=False),
    Column("told", JSON, nullable=False),
    Column("acknowledged_at", String(32)),
    Column("acknowledged_by", String(200)),
    Index(None, "rule", "subject", "at"),
    Index(None, "acknowledged_at", "rule"),
)
"""What was raised; `told` names clients, agreements, elements, counts and entries, never a person or a value."""

alert_delivery = Table(
    "alert_delivery",
    metadata,
    Column("alert_id", String(36), primary_key=True),
    Column("channel", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", String(32), nullable=False),
    ForeignKeyConstraint(["alert_id"], ["alert.alert_id"]),
    Index(None, "state", "next_at"),
)
"""Whom an alert is told: `waiting`, `sent`, or `dropped` where the rules no longer have the channel. Who sends it moves `next_at`
ahead first, so that no other process does too."""

push_batch = Table(
    "push_batch",
    metadata,
    Column("provider_id", String(64), primary_key=True),
    Column("source_id", String(128), primary_key=True),
    Column("resource", String(100), primary_key=True),
    Column("batch", String(64), primary_key=True),
    Column("media_type", String(64), nullable=False),
    Column("mode", String(16)),
    Column("allow_shrink", Boolean, nullable=False),
    Column("parts", Integer),
    Column("state", String(16), nullable=False),
    Column("begun_at", String(32), nullable=False),
    Column("ended_at", String(32)),
    Column("failure", String(1000)),
    Column("counts", JSON),
)
"""A batch that an institution sends: `receiving`, then `complete` (to be taken in), then `promoted`, `unchanged`, `not_stored` or
`failed`. The row stays, so that a batch that is sent again changes nothing."""

push_part = Table(
    "push_part",
    metadata,
    Column("provider_id", String(64), primary_key=True),
    Column("source_id", String(128), primary_key=True),
    Column("resource", String(100), primary_key=True),
    Column("batch", String(64), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""The parts of a batch, sealed, until it was taken in; `digest` is an HMAC, that tells whether a part comes again as it was."""
