-- Equal calls have equal digests; `cut_off_at` is when the call that waited for a job was cut off by its client, 0 since
-- another call joined the job.
ALTER TABLE jobs ADD COLUMN digest TEXT;
ALTER TABLE jobs ADD COLUMN cut_off_at REAL;
CREATE INDEX jobs_by_digest ON jobs (digest) WHERE digest IS NOT NULL;
