-- name: insert_key
INSERT INTO api_keys (name, tenant, digest, start, project_id, allowance, webhook_secret, created_at, expires_at)
VALUES (:name, :tenant, :digest, :start, :project_id, :allowance, :webhook_secret, :created_at, :expires_at)
ON CONFLICT (name) DO NOTHING;

-- name: key_of
SELECT * FROM api_keys WHERE digest = :digest;

-- name: all_keys
SELECT * FROM api_keys ORDER BY created_at DESC, name;

-- name: count_keys
SELECT count(*) AS keys FROM api_keys;

-- name: touch_key
UPDATE api_keys SET last_used_at = :now WHERE digest = :digest AND coalesce(last_used_at, 0) < :now - 60;

-- name: revoke_key
UPDATE api_keys SET revoked_at = :now WHERE name = :name AND revoked_at IS NULL;

-- name: replace_key
UPDATE api_keys SET digest = :digest, start = :start, created_at = :now
WHERE name = :name AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now);

-- name: admitted_since
SELECT coalesce(sum(images), 0) AS images, min(at) AS first FROM admissions WHERE tenant = :tenant AND at > :since;

-- name: admission_after
-- When enough images of the last minute will have passed for `over` more to fit.
SELECT at, images FROM admissions WHERE tenant = :tenant AND at > :since ORDER BY at;

-- name: insert_admission
INSERT INTO admissions (tenant, at, images) VALUES (:tenant, :now, :images);

-- name: forget_admissions
DELETE FROM admissions WHERE tenant = :tenant AND at <= :since;

-- name: admitted
SELECT requests, images FROM admitted WHERE tenant = :tenant AND period = :period;

-- name: count_admitted
INSERT INTO admitted (tenant, period, requests, images) VALUES (:tenant, :period, 1, :images)
ON CONFLICT (tenant, period) DO UPDATE SET requests = admitted.requests + 1, images = admitted.images + excluded.images;

-- name: asked_since
-- Everybody's requests since a job's id, and the pictures that came of them.
SELECT (SELECT count(*) FROM jobs WHERE job_id >= :first_id) AS requests,
       (SELECT count(*) FROM job_assets WHERE job_id >= :first_id) AS images;

-- name: unfinished_jobs_of
SELECT count(*) AS jobs FROM jobs WHERE tenant = :tenant AND completed_at IS NULL;

-- name: tenant_committed
-- Millionths of a US dollar that a tenant has spent or reserved by the jobs from :first_id on.
SELECT coalesce((SELECT sum(reserved) FROM jobs WHERE tenant = :tenant AND completed_at IS NULL), 0)
     + coalesce((SELECT sum(attempts.cost) FROM jobs JOIN attempts USING (job_id)
                 WHERE jobs.tenant = :tenant AND jobs.job_id >= :first_id), 0) AS amount;

-- name: tenant_has_job
SELECT 1 FROM jobs WHERE tenant = :tenant LIMIT 1;

-- name: templates
SELECT body FROM templates WHERE tenant = :tenant ORDER BY template_id DESC;

-- name: insert_template
INSERT INTO templates (template_id, tenant, body) VALUES (:template_id, :tenant, :body);

-- name: delete_template
DELETE FROM templates WHERE template_id = :template_id AND tenant = :tenant;

-- name: tenant_has_asset
SELECT 1 FROM job_assets JOIN jobs USING (job_id)
WHERE job_assets.asset_id = :asset_id AND jobs.tenant = :tenant LIMIT 1;
