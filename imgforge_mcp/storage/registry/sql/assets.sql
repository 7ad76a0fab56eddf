-- name: insert_asset
INSERT INTO assets (asset_id, mime_type, width, height, bytes, created_at, accessed_at)
VALUES (:asset_id, :mime_type, :width, :height, :bytes, :now, :now)
ON CONFLICT (asset_id) DO NOTHING;

-- name: asset
SELECT * FROM assets WHERE asset_id = :asset_id;

-- name: recent_assets
SELECT * FROM assets ORDER BY created_at DESC, asset_id LIMIT :limit;

-- name: assets_after
-- Those that follow one in the order of the query above; none when it is gone.
SELECT assets.* FROM assets, (SELECT created_at AS at, asset_id AS id FROM assets WHERE asset_id = :after) AS last
WHERE created_at <= at AND (created_at < at OR asset_id > id) ORDER BY created_at DESC, asset_id LIMIT :limit;

-- name: assets_between
SELECT * FROM assets WHERE asset_id >= :first AND asset_id < :last ORDER BY asset_id LIMIT :limit;

-- name: asset_origins
-- Where an image came from: the jobs that made it, newest first.
SELECT jobs.job_id, jobs.request, jobs.final_prompt, attempts.provider, attempts.model, attempts.cost, job_assets.seed, jobs.created_at
FROM job_assets JOIN jobs USING (job_id) LEFT JOIN attempts ON attempts.attempt_id = job_assets.attempt_id
WHERE job_assets.asset_id = :asset_id ORDER BY jobs.job_id DESC LIMIT 10;

-- name: touch_asset
-- At most once a minute, so that reading stays cheap.
UPDATE assets SET accessed_at = :now WHERE asset_id = :asset_id AND accessed_at < :now - 60;

-- name: pin_asset
UPDATE assets SET pinned = :pinned WHERE asset_id = :asset_id;

-- name: insert_job_input
INSERT INTO job_inputs (job_id, asset_id) VALUES (:job_id, :asset_id) ON CONFLICT DO NOTHING;

-- name: delete_asset
DELETE FROM assets WHERE asset_id = :asset_id;

-- name: add_asset_bytes
UPDATE totals SET value = value + :amount WHERE name = 'asset_bytes';

-- name: add_rendition_bytes
UPDATE assets SET rendition_bytes = rendition_bytes + :amount WHERE asset_id = :asset_id;

-- name: asset_bytes
SELECT value FROM totals WHERE name = 'asset_bytes';

-- name: evictable_assets
-- The least recently used first; never one that was used within the hour, is pinned, or belongs to an unfinished job or
-- to a kept reference.
SELECT * FROM assets
WHERE pinned = 0 AND accessed_at < :now - 3600
  AND asset_id NOT IN (SELECT asset_id FROM jobs JOIN job_assets USING (job_id) WHERE completed_at IS NULL
                       UNION ALL SELECT asset_id FROM jobs JOIN job_inputs USING (job_id) WHERE completed_at IS NULL
                       UNION ALL SELECT asset_id FROM kept_pictures)
ORDER BY accessed_at LIMIT :limit;

-- name: needed_by
-- An unfinished job that an image was made for or by.
SELECT job_id FROM jobs
WHERE completed_at IS NULL AND job_id IN (SELECT job_id FROM job_assets WHERE asset_id = :asset_id
                                          UNION ALL SELECT job_id FROM job_inputs WHERE asset_id = :asset_id)
LIMIT 1;

-- name: asset_tenants
-- Whose jobs or kept references have an image, and who has not deleted it.
SELECT tenant FROM jobs
WHERE job_id IN (SELECT job_id FROM job_assets WHERE asset_id = :asset_id
                 UNION ALL SELECT job_id FROM job_inputs WHERE asset_id = :asset_id)
  AND tenant NOT IN (SELECT tenant FROM tombstones WHERE asset_id = :asset_id)
UNION SELECT tenant FROM kept_pictures WHERE asset_id = :asset_id;

-- name: insert_tombstone
INSERT INTO tombstones (asset_id, tenant, deleted_at) VALUES (:asset_id, :tenant, :now)
ON CONFLICT (asset_id, tenant) DO UPDATE SET deleted_at = excluded.deleted_at;

-- name: tombstone
SELECT max(deleted_at) AS deleted_at FROM tombstones WHERE asset_id = :asset_id;

-- name: deleted_for
-- Whether a tenant, or everybody, has deleted an image, or it is gone because somebody did.
SELECT 1 FROM tombstones
WHERE asset_id = :asset_id AND (tenant IN (:tenant, :everybody) OR asset_id NOT IN (SELECT asset_id FROM assets))
LIMIT 1;

-- name: lift_tombstones
DELETE FROM tombstones WHERE asset_id = :asset_id AND tenant IN (:tenant, :everybody);
