-- name: fence
-- The row if this owner still holds the job; nobody takes it over until the transaction has ended.
SELECT cancel_requested, reserved, budget_day FROM jobs
WHERE job_id = :job_id AND owner = :owner AND completed_at IS NULL FOR UPDATE;

-- name: lock_job_of
SELECT job_id FROM jobs WHERE job_id = (SELECT job_id FROM attempts WHERE attempt_id = :attempt_id) FOR UPDATE;
