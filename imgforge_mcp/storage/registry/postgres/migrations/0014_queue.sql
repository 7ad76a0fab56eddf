-- The queue of many machines: a job whose owner is 'queue' waits for a worker that holds what its route names (the provider
-- it would ask first, with the mark of its configuration); `door` is the process that recorded it. And the processes of the
-- registry, each under a lease of its own.

ALTER TABLE jobs ADD COLUMN route text;
ALTER TABLE jobs ADD COLUMN door text;
CREATE INDEX jobs_waiting ON jobs (job_id) WHERE owner = 'queue' AND completed_at IS NULL;

CREATE TABLE processes (
    owner       text PRIMARY KEY,
    is_worker   integer NOT NULL,
    at_once     integer NOT NULL,
    about       text NOT NULL,
    started_at  double precision NOT NULL,
    lease_until double precision NOT NULL
);

CREATE TABLE process_routes (
    route text NOT NULL,
    owner text NOT NULL,
    PRIMARY KEY (route, owner)
);

-- What is out of each provider, for limits of calls at once over all processes.
CREATE INDEX attempts_out ON attempts (provider) WHERE ended_at IS NULL;
