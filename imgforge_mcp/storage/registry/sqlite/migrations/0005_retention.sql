-- What is looked for when things are no longer kept.
CREATE INDEX jobs_by_completion ON jobs (completed_at) WHERE completed_at IS NOT NULL;
CREATE INDEX idempotency_by_end ON idempotency (expires_at);
CREATE INDEX tombstones_by_time ON tombstones (deleted_at);
