-- Times are milliseconds since the Unix epoch, by clock_ms(). Lists and objects are JSON, as text: nobody asks the
-- server for what is in them. Names sort by their bytes, whatever the locale of the database.

-- The store's clock: everything asks this one.
CREATE FUNCTION clock_ms() RETURNS bigint LANGUAGE sql VOLATILE AS
    'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

CREATE TABLE runs (
    key          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id           text COLLATE "C" NOT NULL UNIQUE,
    state        text    NOT NULL,
    graph        text    NOT NULL,
    params       text    NOT NULL,
    priority     integer NOT NULL,
    cancel_grace bigint  NOT NULL,
    vars         text    NOT NULL,
    created_at   bigint  NOT NULL,
    ended_at     bigint,
    reason       text,
    failed_node  text
);
CREATE INDEX runs_by_state ON runs (state, key);
CREATE INDEX runs_by_end ON runs (ended_at) WHERE ended_at IS NOT NULL;

-- Pages keep room for the next version of a row: a commit changes no index then, and leaves nothing to vacuum.
CREATE TABLE nodes (
    key             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run             bigint  NOT NULL,
    run_id          text COLLATE "C" NOT NULL,
    id              text COLLATE "C" NOT NULL,
    place           bigint  NOT NULL,
    role            text COLLATE "C" NOT NULL,
    fingerprint     text COLLATE "C",
    -- What a claim compares, as an index finds no NULL by `=`: the fingerprint behind a sign, or nothing.
    asks            text COLLATE "C" NOT NULL GENERATED ALWAYS AS (coalesce('=' || fingerprint, '')) STORED,
    priority        integer NOT NULL,
    state           text    NOT NULL,
    -- Ready, or deferred and found to be due: a claim looks at these alone.
    is_claimable    boolean NOT NULL,
    epoch           bigint  NOT NULL,
    worker          text COLLATE "C",
    lease_id        text,
    ended_lease     text,
    failures        bigint  NOT NULL,
    interruptions   bigint  NOT NULL,
    retry_at        bigint,
    last_failure    text,
    cancel_reason   text,
    cancel_deadline bigint,
    batches         bigint  NOT NULL,
    artifacts       bigint  NOT NULL,
    metrics         text    NOT NULL,
    result          text,
    ready_at        bigint,
    started_at      bigint,
    claimed_at      bigint,
    ended_at        bigint
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
CREATE UNIQUE INDEX nodes_by_id ON nodes (run_id, id);
CREATE UNIQUE INDEX nodes_by_place ON nodes (run, place);
CREATE INDEX nodes_to_claim ON nodes (role, asks, priority, ready_at, run_id, place) WHERE is_claimable;
CREATE INDEX nodes_to_retry ON nodes (retry_at) WHERE retry_at IS NOT NULL AND NOT is_claimable;
CREATE INDEX nodes_by_worker ON nodes (worker) WHERE worker IS NOT NULL;
CREATE INDEX nodes_leased ON nodes (role) WHERE worker IS NOT NULL;

-- Until when nodes are held: what heartbeats write, again and again, and little else. `id` is the lease, as in the
-- node, so that a heartbeat which waits for whoever changes the lease sees that it was changed.
CREATE TABLE leases (
    node            bigint PRIMARY KEY,
    id              text   NOT NULL,
    deadline        bigint NOT NULL,
    cancel_deadline bigint,
    expires_at      bigint NOT NULL GENERATED ALWAYS AS (least(deadline, cancel_deadline)) STORED
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX leases_to_reap ON leases (expires_at);

CREATE TABLE artifacts (
    node       bigint NOT NULL,
    seq        bigint NOT NULL,
    uid        text COLLATE "C" NOT NULL,
    epoch      bigint NOT NULL,
    created_at bigint NOT NULL,
    payload    text   NOT NULL,
    meta       text   NOT NULL,
    PRIMARY KEY (node, seq)
);
CREATE UNIQUE INDEX artifacts_by_uid ON artifacts (node, uid);

-- `place` is the place of a batch among those of its node: 1, 2, 3.
CREATE TABLE batches (
    node         bigint NOT NULL,
    place        bigint NOT NULL,
    uid          text COLLATE "C" NOT NULL,
    epoch        bigint NOT NULL,
    committed_at bigint NOT NULL,
    metrics      text   NOT NULL,
    PRIMARY KEY (node, place)
);
CREATE UNIQUE INDEX batches_by_uid ON batches (node, uid);

CREATE TABLE cursors (
    node   bigint NOT NULL,
    source text COLLATE "C" NOT NULL,
    seq    bigint NOT NULL,
    "offset" bigint NOT NULL,
    PRIMARY KEY (node, source)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE checkpoints (
    node     bigint PRIMARY KEY,
    data     text   NOT NULL,
    epoch    bigint NOT NULL,
    saved_at bigint NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

-- `subject` is what keeps its order: the key of the node, or that of the run with a minus sign. `due_at` is there while
-- the event has to be said: whoever takes it moves it on. Each event is changed twice and then stays, so dead rows are
-- removed early: those who take look at the few that are due.
CREATE TABLE outbox (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run      bigint NOT NULL,
    subject  bigint NOT NULL,
    topic    text   NOT NULL,
    envelope text   NOT NULL,
    at       bigint NOT NULL,
    attempts bigint NOT NULL,
    due_at   bigint,
    sent_at  bigint
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX outbox_by_run ON outbox (run, id);
CREATE INDEX outbox_due ON outbox (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_to_purge ON outbox (sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX outbox_by_subject ON outbox (subject, id) WHERE due_at IS NOT NULL;

CREATE TABLE dead_letters (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source     text    NOT NULL,
    code       text    NOT NULL,
    reason     text    NOT NULL,
    raw        bytea   NOT NULL,
    is_cut     boolean NOT NULL,
    at         bigint  NOT NULL,
    retried_at bigint
);
CREATE INDEX dead_letters_open ON dead_letters (id) WHERE retried_at IS NULL;

CREATE TABLE workers (
    id           text COLLATE "C" PRIMARY KEY,
    announcement text   NOT NULL,
    status       text   NOT NULL,
    first_seen   bigint NOT NULL,
    last_seen    bigint NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE settings (
    name  text PRIMARY KEY,
    value text NOT NULL
);

-- What is left of runs that were removed, and goes piece by piece: the keys of runs and nodes, by `kind`.
CREATE TABLE remains (
    kind text   NOT NULL,
    key  bigint NOT NULL,
    PRIMARY KEY (kind, key)
);
