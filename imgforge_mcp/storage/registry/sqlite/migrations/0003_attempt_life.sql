-- Who may take a job up, the order in which outcomes became known, and an idempotency key's request as it was asked.

ALTER TABLE jobs ADD COLUMN routes TEXT NOT NULL DEFAULT '[]';

ALTER TABLE attempts ADD COLUMN outcome_id INTEGER;
UPDATE attempts SET outcome_id = attempt_id WHERE ended_at IS NOT NULL;
CREATE INDEX attempts_by_outcome ON attempts (outcome_id);
DROP INDEX attempts_by_end;
INSERT INTO totals (name, value) SELECT 'outcomes', coalesce(max(attempt_id), 0) FROM attempts;

ALTER TABLE idempotency ADD COLUMN asked TEXT;
