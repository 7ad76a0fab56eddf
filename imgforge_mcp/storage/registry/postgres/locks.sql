-- name: fence
-- The row if this owner still holds the job; nobody takes it over until the transaction has ended.
SELECT cancel_requested, reserved, budget_day, door FROM jobs
WHERE job_id = :job_id AND owner = :owner AND completed_at IS NULL FOR UPDATE;

-- name: lock_job_of
SELECT job_id FROM jobs WHERE job_id = (SELECT job_id FROM attempts WHERE attempt_id = :attempt_id) FOR UPDATE;

-- name: claim_jobs
-- The oldest first of what waits and is for whoever holds these routes; what another is about to take is passed over. The
-- routes as an array: as rows they are joined, which reads and sorts the whole queue (30 ms of 10,000 jobs against 0.2).
WITH free AS MATERIALIZED (
    SELECT job_id FROM jobs WHERE owner = 'queue' AND completed_at IS NULL
    AND route = ANY (ARRAY(SELECT value FROM json_each(:routes))) ORDER BY job_id LIMIT :most FOR UPDATE SKIP LOCKED)
UPDATE jobs SET owner = :owner, lease_until = :until FROM free WHERE jobs.job_id = free.job_id RETURNING jobs.*;
