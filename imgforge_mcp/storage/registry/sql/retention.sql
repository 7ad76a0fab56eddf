-- name: forget_keys
DELETE FROM idempotency WHERE idempotency_key IN
    (SELECT idempotency_key FROM idempotency WHERE expires_at <= :now LIMIT :limit);

-- name: jobs_ended_before
-- Not those whose idempotency key still stands for them, or whose end is still to be told.
SELECT job_id FROM jobs
WHERE completed_at < :before AND job_id NOT IN (SELECT job_id FROM idempotency WHERE expires_at > :now)
  AND job_id NOT IN (SELECT job_id FROM webhooks WHERE due_at IS NOT NULL)
ORDER BY completed_at LIMIT :limit;

-- name: add_forgotten_usage
-- The sums keep what the attempts no longer tell.
INSERT INTO usage_of_forgotten
SELECT day, tenant, project_id, provider, model, outcome, sum(calls), sum(images), sum(cost), sum(maybe_billed)
FROM attempt_usage
WHERE attempt_id IN (SELECT attempt_id FROM attempts WHERE job_id IN (SELECT value FROM json_each(:ids)))
GROUP BY 1, 2, 3, 4, 5, 6
ON CONFLICT (day, tenant, project_id, provider, model, outcome) DO UPDATE
SET calls = usage_of_forgotten.calls + excluded.calls, images = usage_of_forgotten.images + excluded.images,
    cost = usage_of_forgotten.cost + excluded.cost,
    maybe_billed = usage_of_forgotten.maybe_billed + excluded.maybe_billed;

-- name: forget_attempts
DELETE FROM attempts WHERE job_id IN (SELECT value FROM json_each(:ids));

-- name: forget_job_assets
DELETE FROM job_assets WHERE job_id IN (SELECT value FROM json_each(:ids));

-- name: forget_job_inputs
DELETE FROM job_inputs WHERE job_id IN (SELECT value FROM json_each(:ids));

-- name: forget_jobs
DELETE FROM jobs WHERE job_id IN (SELECT value FROM json_each(:ids));

-- name: forget_batches
-- A batch's id holds the time at which it was made.
DELETE FROM batch_items WHERE batch_id IN
    (SELECT DISTINCT batch_id FROM batch_items WHERE batch_id < :first_batch LIMIT :limit);

-- name: forget_tombstones
DELETE FROM tombstones WHERE deleted_at < :before;

-- name: old_assets
-- Images in the order in which they were last used, from one on; whether no job has them.
SELECT asset_id, accessed_at, NOT EXISTS (SELECT 1 FROM job_assets WHERE job_assets.asset_id = assets.asset_id)
                              AND NOT EXISTS (SELECT 1 FROM job_inputs WHERE job_inputs.asset_id = assets.asset_id)
                              AND NOT EXISTS (SELECT 1 FROM kept_pictures WHERE kept_pictures.asset_id = assets.asset_id) AS is_orphan
FROM assets
WHERE pinned = 0 AND created_at < :before AND accessed_at < :now - 3600 AND (accessed_at, asset_id) > (:at, :after)
ORDER BY accessed_at, asset_id LIMIT :limit;

-- name: orphan
-- The image, if no job and no kept reference has it, nobody pinned it and nobody used it within the hour.
SELECT * FROM assets
WHERE asset_id = :asset_id AND pinned = 0 AND accessed_at < :now - 3600
  AND NOT EXISTS (SELECT 1 FROM job_assets WHERE job_assets.asset_id = assets.asset_id)
  AND NOT EXISTS (SELECT 1 FROM job_inputs WHERE job_inputs.asset_id = assets.asset_id)
  AND NOT EXISTS (SELECT 1 FROM kept_pictures WHERE kept_pictures.asset_id = assets.asset_id);
