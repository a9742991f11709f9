"""The tables. Times are UTC; JSON data is bytes in the form of `codec`."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from flowstudio.storage.columns import Encoded, Instant

FINAL = ("success", "error", "cancelled")
"""Statuses of executions that never run again."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

snapshots = Table(
    "workflow_snapshots",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("document", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
)
"""Documents by content; workflows, their versions and their executions refer to them."""

workflows = Table(
    "workflows",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("snapshot", ForeignKey(snapshots.c.hash), nullable=False, index=True),
    Column("outline", Encoded, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("created_by", Text),
    Column("updated_by", Text),
    Column("published_version", Integer),
    Column("deleted_at", Instant),
)
"""Workflows. `version` and `snapshot` are the draft's. Invariants: each change raises `version` by one; `version` and
`published_version` have an entry in `workflow_versions`; an active workflow is published and not deleted."""

workflow_tags = Table(
    "workflow_tags",
    metadata,
    Column("workflow_id", ForeignKey(workflows.c.id, ondelete="CASCADE"), primary_key=True),
    Column("tag", Text, primary_key=True),
)

workflow_versions = Table(
    "workflow_versions",
    metadata,
    Column("workflow_id", ForeignKey(workflows.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("snapshot", ForeignKey(snapshots.c.hash), nullable=False, index=True),
    Column("author", Text),
    Column("at", Instant, nullable=False),
    Column("note", Text, nullable=False),
    Column("burst_at", Instant),
    Column("published_at", Instant),
)
"""The history. `burst_at` is when the first of the edits came that an entry gathers; null for an entry that was stored as
a whole. `published_at` is when it was last published."""

workflow_operations = Table(
    "workflow_operations",
    metadata,
    Column("workflow_id", ForeignKey(workflows.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("batch", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("author", Text),
    Column("at", Instant, nullable=False),
    Column("operations", Encoded, nullable=False),
    UniqueConstraint("workflow_id", "batch"),
    Index("ix_workflow_operations_at", "at"),
)
"""The newest edits of drafts: `number` is the version that the draft had after the batch. A number that is missing was
not an edit but a whole new document."""

webhooks = Table(
    "webhooks",
    metadata,
    Column("method", String(16), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("workflow_id", ForeignKey(workflows.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("node_id", Text, nullable=False),
)
"""Addresses of active workflows. Invariant: one workflow answers an address."""

executions = Table(
    "executions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("workflow_id", Text),
    Column("workflow_name", Text, nullable=False),
    Column("snapshot", ForeignKey(snapshots.c.hash), nullable=False, index=True),
    Column("mode", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("error", Encoded),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("wake_at", Instant),
    Column("start_node", Text),
    Column("start_items", LargeBinary),
    Column("last_node", Text),
    Column("until_node", Text),
    Column("only_node", Text),
    Column("parent_id", String(36)),
    Column("depth", Integer, nullable=False),
    Column("call_key", Text),
    Column("retry_of", String(36)),
    Column("options", Encoded, nullable=False),
    Column("slot_limit", Integer),
    Column("owner", Text),
    Column("fence", Integer, nullable=False),
    Column("lease_until", Instant),
    Column("cancel_requested", Boolean, nullable=False),
    Column("data_dropped", Boolean, nullable=False),
    Column("workflow_version", Integer),
    Column("queue", String(16)),
    Index("ix_executions_workflow_id_id", "workflow_id", "id"),
    Index(
        "ix_executions_live",
        "workflow_id",
        "status",
        sqlite_where=text("status IN ('queued', 'running', 'waiting')"),
        postgresql_where=text("status IN ('queued', 'running', 'waiting')"),
    ),
    Index(
        "ix_executions_parent_id",
        "parent_id",
        sqlite_where=text("parent_id IS NOT NULL"),
        postgresql_where=text("parent_id IS NOT NULL"),
    ),
    Index(
        "uq_executions_call_key",
        "call_key",
        unique=True,
        sqlite_where=text("call_key IS NOT NULL"),
        postgresql_where=text("call_key IS NOT NULL"),
    ),
)
"""Executions. Invariants: whoever runs one holds `owner`, `fence` and a `lease_until` in the future; each claim raises
`fence` by one; one that is at rest has no owner."""

shared_folders = Table(
    "shared_folders",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("mark", String(64), nullable=False),
)
"""Folders that all processes share: what the file in them says by which each process knows them."""

schedules = Table(
    "schedules",
    metadata,
    Column("workflow_id", ForeignKey(workflows.c.id, ondelete="CASCADE"), primary_key=True),
    Column("node_id", Text, primary_key=True),
    Column("seen_until", Instant, nullable=False),
)
"""Armed schedules. What was due up to `seen_until` is dealt with: it ran, or was left out."""

execution_days = Table(
    "execution_days",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("workflow_id", Text, primary_key=True),
    Column("bucket", Integer, primary_key=True),
    Column("runs", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cost", Float, nullable=False),
)
"""Totals of each day (UTC) and workflow, which outlive the executions. `bucket` says how long the runs took, as in
`statistics`; tokens and costs are in the bucket -1, where no runs are counted. Documents that are not stored have the id ''."""

leases = Table(
    "leases",
    metadata,
    Column("duty", String(32), primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until", Instant, nullable=False),
)
"""Which process has a duty that one at a time does for all. It is given up by letting `until` pass."""

processes = Table(
    "processes",
    metadata,
    Column("name", Text, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("version", String(32), nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("queues", Text, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("running", Integer, nullable=False),
    Column("draining", Boolean, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)
"""The processes that share this database. One that is not seen for long has ended without saying so."""

attempts = Table(
    "attempts",
    metadata,
    Column("subject", String(64), primary_key=True),
    Column("since", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
)
"""What is limited for all processes together: a subject's attempts in the seconds from `since` (of the epoch) on."""

chat_sessions = Table(
    "chat_sessions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("workflow_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("collection", Text, nullable=False),
    Column("messages", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False, index=True),
    UniqueConstraint("workflow_id", "name"),
)
"""Conversations of agents. `name` is the session's id as the chat has it, `collection` where its memories are found by meaning."""

workflow_memory = Table(
    "workflow_memory",
    metadata,
    Column("workflow_id", ForeignKey(workflows.c.id, ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("updated_at", Instant, nullable=False),
)
"""What workflows keep from one execution to the next: static data of code, and which items they have seen."""

chat_messages = Table(
    "chat_messages",
    metadata,
    Column("session_id", ForeignKey(chat_sessions.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("role", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)
"""What was said, in words."""

chat_threads = Table(
    "chat_threads",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("workflow_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("owner", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("turns", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False, index=True),
    UniqueConstraint("workflow_id", "name"),
)
"""Chats as people see them. `name` is the session's id as the workflow has it, `owner` the person or visitor."""

chat_turns = Table(
    "chat_turns",
    metadata,
    Column("thread_id", ForeignKey(chat_threads.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("execution_id", String(36), nullable=False),
    Column("skipped", Integer, nullable=False),
    Column("asked", Encoded, nullable=False),
    Column("said", Encoded),
    Column("status", String(16), nullable=False),
    Column("rating", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
)
"""A message and the answers to it. `skipped` counts the messages that its execution had said before."""

model_prices = Table(
    "model_prices",
    metadata,
    Column("model", Text, primary_key=True),
    Column("input", Float, nullable=False),
    Column("output", Float, nullable=False),
    Column("cached", Float),
    Column("cache_write", Float),
)
"""Prices that an administrator set, in US dollars for a million tokens."""

LIVE = text("executions.status IN ('queued', 'running', 'waiting')")
"""SQL condition: not final. Spelt as in the index `ix_executions_live`, without parameters, so that SQLite uses it."""

outcomes = Table(
    "outcomes",
    metadata,
    Column("execution_id", ForeignKey(executions.c.id, ondelete="CASCADE"), primary_key=True),
    Column("fence", Integer, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("node", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant, nullable=False),
    Column("items", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("detail", LargeBinary),
    Column("output_log", LargeBinary),
    Column("outputs", LargeBinary),
)
"""The log of an execution, in the order of (fence, seq). `detail` holds error, inputs, usage and wake time; `output_log`
what was printed and answered, and the steps within; the large column stands last, so that reading the others does not touch it."""

binary_uses = Table(
    "binary_uses",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("execution_id", ForeignKey(executions.c.id, ondelete="CASCADE"), primary_key=True, index=True),
)
"""Which executions need which file of the binary store."""

resumptions = Table(
    "resumptions",
    metadata,
    Column("execution_id", ForeignKey(executions.c.id, ondelete="CASCADE"), primary_key=True),
    Column("node", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("data", Encoded, nullable=False),
    Column("created_at", Instant, nullable=False),
)
"""Calls that wake a waiting node run."""

users = Table(
    "users",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("email_key"),
    Index(
        "uq_users_owner",
        "role",
        unique=True,
        sqlite_where=text("role = 'owner'"),
        postgresql_where=text("role = 'owner'"),
    ),
)
"""Accounts. Invariants: e-mail addresses differ in more than case; there is at most one owner."""

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("client", Text, nullable=False, server_default=""),
    Column("agent", Text, nullable=False, server_default=""),
)
"""Sign-ins of browsers. `client` is the address that it came from, `agent` what the browser calls itself."""

account_links = Table(
    "account_links",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("token_hash", String(64), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("role", String(16)),
    Column("email", Text, nullable=False),
    Column("user_id", ForeignKey(users.c.id, ondelete="CASCADE")),
    Column("created_by", ForeignKey(users.c.id, ondelete="CASCADE")),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    UniqueConstraint("token_hash"),
)
"""Links that let somebody in once: an `invitation` with a role, or a new `password` for a user. Invariants: a link with
`used_at` does nothing any more; the invitations of a deleted account are deleted with it."""

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", Text, nullable=False),
    Column("prefix", String(16), nullable=False),
    Column("key_hash", String(64), nullable=False),
    Column("user_id", ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("scope", String(16), nullable=False, server_default="full"),
    UniqueConstraint("key_hash"),
)
"""Keys for programs. `scope` is what a key may do of what its person may."""

credentials = Table(
    "credentials",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("owner_id", Text),
    Column("envelope", Integer, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("usable_by", String(16), nullable=False),
    Column("editable_by", String(16), nullable=False),
    Column("ends_at", Instant),
    Column("connection", Encoded),
)
"""Credentials. `usable_by` and `editable_by` are the least roles for that. `ends_at` is what a person noted; `connection` says
how signing in elsewhere stands, without any secret."""

network_rules = Table(
    "network_rules",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("allowed", Encoded, nullable=False),
    Column("denied", Encoded, nullable=False),
    Column("updated_at", Instant, nullable=False),
)
"""One row, or none: lists of hosts."""

server_settings = Table(
    "server_settings",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("chosen", Encoded, nullable=False),
    Column("mail_password", Text),
    Column("updated_at", Instant, nullable=False),
)
"""One row, or none: what admins chose, by name. The password is encrypted."""

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("state", String(64), primary_key=True),
    Column("session", String(64), nullable=False),
    Column("credential_id", String(36), nullable=False),
    Column("sealed", Text, nullable=False),
    Column("ends_at", Instant, nullable=False, index=True),
)
"""Sign-ins elsewhere that were begun: `state` and `session` are hashes. A row is used once."""

key_checks = Table(
    "key_checks",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("fingerprint", String(16), nullable=False),
)
"""One row: which key encrypts the credentials."""

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor_id", Text, index=True),
    Column("actor", Text, nullable=False),
    Column("via", String(16), nullable=False),
    Column("client", Text, nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject_id", Text),
    Column("subject", Text, nullable=False),
    Column("detail", Encoded, nullable=False),
)
"""Who did what, in the order of `id`. Invariant: rows are added, never changed or deleted; triggers of the database refuse it.
Names stand as they were at the time. No row holds a secret."""
