-- The outbox: who is to be told of a job's end. `due_at` is empty until the job has ended, and once nothing is left to do.

CREATE TABLE webhooks (
    job_id       TEXT PRIMARY KEY,
    tenant       TEXT NOT NULL,
    url          TEXT NOT NULL,
    base_url     TEXT NOT NULL,
    state        TEXT NOT NULL DEFAULT 'waiting',
    tries        INTEGER NOT NULL DEFAULT 0,
    due_at       REAL,
    last_status  INTEGER,
    last_error   TEXT,
    ended_at     REAL
) STRICT, WITHOUT ROWID;
CREATE INDEX webhooks_due ON webhooks (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE webhook_secrets (
    tenant TEXT PRIMARY KEY,
    secret TEXT NOT NULL
) STRICT, WITHOUT ROWID;
