-- The queue of many machines: a job whose owner is 'queue' waits for a worker that holds what its route names (the provider
-- it would ask first, with the mark of its configuration); `door` is the process that recorded it. And the processes of the
-- registry, each under a lease of its own.

ALTER TABLE jobs ADD COLUMN route TEXT;
ALTER TABLE jobs ADD COLUMN door TEXT;
CREATE INDEX jobs_waiting ON jobs (job_id) WHERE owner = 'queue' AND completed_at IS NULL;

CREATE TABLE processes (
    owner       TEXT PRIMARY KEY,
    is_worker   INTEGER NOT NULL,
    at_once     INTEGER NOT NULL,
    about       TEXT NOT NULL,
    started_at  REAL NOT NULL,
    lease_until REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE process_routes (
    route TEXT NOT NULL,
    owner TEXT NOT NULL,
    PRIMARY KEY (route, owner)
) STRICT, WITHOUT ROWID;

-- What is out of each provider, for limits of calls at once over all processes.
CREATE INDEX attempts_out ON attempts (provider) WHERE ended_at IS NULL;
