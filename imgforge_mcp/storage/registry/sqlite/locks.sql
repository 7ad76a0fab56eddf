-- name: fence
-- The row if this owner still holds the job.
SELECT cancel_requested, reserved, budget_day FROM jobs WHERE job_id = :job_id AND owner = :owner AND completed_at IS NULL;

-- name: lock_job_of
-- One writer at a time is lock enough.
SELECT job_id FROM attempts WHERE attempt_id = :attempt_id;
