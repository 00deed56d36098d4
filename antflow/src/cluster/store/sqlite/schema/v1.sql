-- Times are milliseconds since the Unix epoch, by the store's clock. Lists and objects are JSON.

CREATE TABLE runs (
    key          INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT    NOT NULL UNIQUE,
    state        TEXT    NOT NULL,
    graph        TEXT    NOT NULL,
    params       TEXT    NOT NULL,
    priority     INTEGER NOT NULL,
    cancel_grace INTEGER NOT NULL,
    vars         TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    ended_at     INTEGER,
    reason       TEXT,
    failed_node  TEXT
) STRICT;
CREATE INDEX runs_by_state ON runs (state, key);
CREATE INDEX runs_by_end ON runs (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE nodes (
    key             INTEGER PRIMARY KEY AUTOINCREMENT,
    run             INTEGER NOT NULL,
    run_id          TEXT    NOT NULL,
    id              TEXT    NOT NULL,
    place           INTEGER NOT NULL,
    role            TEXT    NOT NULL,
    fingerprint     TEXT,
    priority        INTEGER NOT NULL,
    state           TEXT    NOT NULL,
    -- Ready, or deferred and found to be due: a claim looks at these alone.
    is_claimable    INTEGER NOT NULL,
    epoch           INTEGER NOT NULL,
    worker          TEXT,
    lease_id        TEXT,
    deadline        INTEGER,
    -- The earlier one of the two deadlines.
    expires_at      INTEGER,
    ended_lease     TEXT,
    failures        INTEGER NOT NULL,
    interruptions   INTEGER NOT NULL,
    retry_at        INTEGER,
    last_failure    TEXT,
    cancel_reason   TEXT,
    cancel_deadline INTEGER,
    batches         INTEGER NOT NULL,
    artifacts       INTEGER NOT NULL,
    metrics         TEXT    NOT NULL,
    result          TEXT,
    ready_at        INTEGER,
    started_at      INTEGER,
    claimed_at      INTEGER,
    ended_at        INTEGER
) STRICT;
CREATE UNIQUE INDEX nodes_by_id ON nodes (run_id, id);
CREATE UNIQUE INDEX nodes_by_place ON nodes (run, place);
CREATE INDEX nodes_to_claim ON nodes (role, fingerprint, priority, ready_at, run_id, place) WHERE is_claimable = 1;
CREATE INDEX nodes_to_retry ON nodes (retry_at) WHERE retry_at IS NOT NULL AND is_claimable = 0;
CREATE INDEX nodes_by_worker ON nodes (worker, role) WHERE worker IS NOT NULL;
CREATE INDEX nodes_to_reap ON nodes (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE artifacts (
    node       INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    uid        TEXT    NOT NULL,
    epoch      INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    payload    TEXT    NOT NULL,
    meta       TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX artifacts_by_seq ON artifacts (node, seq);
CREATE UNIQUE INDEX artifacts_by_uid ON artifacts (node, uid);

-- `place` is the place of a batch among those of its node: 1, 2, 3.
CREATE TABLE batches (
    node         INTEGER NOT NULL,
    place        INTEGER NOT NULL,
    uid          TEXT    NOT NULL,
    epoch        INTEGER NOT NULL,
    committed_at INTEGER NOT NULL,
    metrics      TEXT    NOT NULL,
    PRIMARY KEY (node, place)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX batches_by_uid ON batches (node, uid);

CREATE TABLE cursors (
    node   INTEGER NOT NULL,
    source TEXT    NOT NULL,
    seq    INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    PRIMARY KEY (node, source)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
    node     INTEGER PRIMARY KEY,
    data     TEXT    NOT NULL,
    epoch    INTEGER NOT NULL,
    saved_at INTEGER NOT NULL
) STRICT;

-- `subject` is what keeps its order: the key of the node, or that of the run with a minus sign. `due_at` is there while
-- the event has to be said: whoever takes it moves it on.
CREATE TABLE outbox (
    id       INTEGER PRIMARY KEY,
    run      INTEGER NOT NULL,
    subject  INTEGER NOT NULL,
    topic    TEXT    NOT NULL,
    envelope TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due_at   INTEGER,
    sent_at  INTEGER
) STRICT;
CREATE INDEX outbox_by_run ON outbox (run, id);
CREATE INDEX outbox_due ON outbox (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_by_subject ON outbox (subject, id) WHERE due_at IS NOT NULL;

CREATE TABLE dead_letters (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    source     TEXT    NOT NULL,
    code       TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    raw        BLOB    NOT NULL,
    is_cut     INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    retried_at INTEGER
) STRICT;
CREATE INDEX dead_letters_open ON dead_letters (id) WHERE retried_at IS NULL;

CREATE TABLE workers (
    id           TEXT PRIMARY KEY,
    announcement TEXT    NOT NULL,
    status       TEXT    NOT NULL,
    first_seen   INTEGER NOT NULL,
    last_seen    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What is left of runs that were removed, and goes piece by piece: the keys of runs and nodes, by `kind`.
CREATE TABLE remains (
    kind TEXT    NOT NULL,
    key  INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
