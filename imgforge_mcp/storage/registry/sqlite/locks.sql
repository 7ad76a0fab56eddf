-- name: fence
-- The row if this owner still holds the job.
SELECT cancel_requested, reserved, budget_day, door FROM jobs WHERE job_id = :job_id AND owner = :owner AND completed_at IS NULL;

-- name: lock_job_of
-- One writer at a time is lock enough.
SELECT job_id FROM attempts WHERE attempt_id = :attempt_id;

-- name: claim_jobs
-- The oldest first of what waits and is for whoever holds these routes.
UPDATE jobs SET owner = :owner, lease_until = :until
WHERE job_id IN (SELECT job_id FROM jobs WHERE owner = 'queue' AND completed_at IS NULL
                 AND route IN (SELECT value FROM json_each(:routes)) ORDER BY job_id LIMIT :most)
RETURNING *;
