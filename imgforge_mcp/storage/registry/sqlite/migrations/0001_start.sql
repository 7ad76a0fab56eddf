-- Times are seconds since 1970 (UTC); money is in millionths of a US dollar, so that sums are exact.

CREATE TABLE jobs (
    job_id            TEXT PRIMARY KEY,
    state             TEXT NOT NULL,
    request           TEXT NOT NULL,
    request_id        TEXT NOT NULL,
    final_prompt      TEXT NOT NULL,
    enhancement_logic TEXT NOT NULL,
    quality_tier      TEXT NOT NULL,
    project_id        TEXT,
    tenant            TEXT NOT NULL DEFAULT '',
    owner             TEXT,
    lease_until       REAL NOT NULL,
    deadline          REAL NOT NULL,
    cancel_requested  INTEGER NOT NULL DEFAULT 0,
    budget_day        TEXT NOT NULL,
    reserved          INTEGER NOT NULL,
    provider          TEXT,
    model             TEXT,
    cost              INTEGER,
    cost_basis        TEXT,
    warnings          TEXT NOT NULL DEFAULT '[]',
    save_root         TEXT,
    saved_to          TEXT NOT NULL DEFAULT '[]',
    error             TEXT,
    progress          TEXT,
    created_at        REAL NOT NULL,
    started_at        REAL,
    completed_at      REAL
) STRICT;
CREATE INDEX jobs_unfinished ON jobs (lease_until) WHERE completed_at IS NULL;
CREATE INDEX jobs_by_tenant ON jobs (tenant, job_id);

CREATE TABLE batch_items (
    batch_id TEXT NOT NULL,
    item     INTEGER NOT NULL,
    tenant   TEXT NOT NULL,
    job_id   TEXT,
    error    TEXT,
    PRIMARY KEY (batch_id, item)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
    attempt_id   INTEGER PRIMARY KEY,
    job_id       TEXT NOT NULL REFERENCES jobs (job_id),
    part         INTEGER NOT NULL,
    provider     TEXT NOT NULL,
    model        TEXT NOT NULL,
    images       INTEGER NOT NULL,
    state        TEXT NOT NULL,
    reason       TEXT NOT NULL,
    price        INTEGER,
    outcome      TEXT,
    message      TEXT,
    latency_ms   INTEGER,
    cost         INTEGER,
    maybe_billed INTEGER NOT NULL DEFAULT 0,
    health_cost  REAL NOT NULL DEFAULT 0,
    rest_until   REAL,
    settings     TEXT NOT NULL,
    operation    TEXT,
    started_at   REAL NOT NULL,
    ended_at     REAL
) STRICT;
CREATE INDEX attempts_by_job ON attempts (job_id);
CREATE INDEX attempts_by_end ON attempts (ended_at);
CREATE INDEX attempts_by_provider ON attempts (provider, started_at);

CREATE TABLE idempotency (
    idempotency_key TEXT PRIMARY KEY,
    job_id          TEXT NOT NULL,
    fingerprint     TEXT NOT NULL,
    expires_at      REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE spend (
    day      TEXT PRIMARY KEY,
    reserved INTEGER NOT NULL,
    spent    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE assets (
    asset_id    TEXT PRIMARY KEY,
    mime_type   TEXT NOT NULL,
    width       INTEGER NOT NULL,
    height      INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    pinned      INTEGER NOT NULL DEFAULT 0,
    created_at  REAL NOT NULL,
    accessed_at REAL NOT NULL
) STRICT;
CREATE INDEX assets_by_access ON assets (accessed_at);
CREATE INDEX assets_by_creation ON assets (created_at DESC, asset_id);

CREATE TABLE job_assets (
    job_id     TEXT NOT NULL REFERENCES jobs (job_id),
    position   INTEGER NOT NULL,
    asset_id   TEXT NOT NULL,
    attempt_id INTEGER NOT NULL,
    seed       INTEGER,
    mime_type  TEXT NOT NULL,
    width      INTEGER NOT NULL,
    height     INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    PRIMARY KEY (job_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_assets_by_asset ON job_assets (asset_id);

CREATE TABLE totals (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO totals VALUES ('asset_bytes', 0);
