-- name: jobs_page
-- Newest first, under the conditions that a caller names; each has an index that ends in job_id.
SELECT * FROM jobs WHERE {conditions} ORDER BY job_id DESC LIMIT :limit;

-- name: where_any
true

-- name: where_tenant
tenant = :tenant

-- name: where_state
state = :state

-- name: where_project_id
project_id = :project_id

-- name: where_model
model = :model

-- name: where_provider
provider = :provider

-- name: where_input_id
jobs.job_id IN (SELECT job_id FROM job_inputs WHERE asset_id = :input_id)

-- name: where_from
jobs.job_id >= :from

-- name: where_until
jobs.job_id < :until

-- name: where_before
jobs.job_id < :before

-- name: jobs_of_batch
SELECT jobs.* FROM batch_items JOIN jobs USING (job_id) WHERE batch_id = :batch_id;

-- name: attempts_of_jobs
SELECT * FROM attempts WHERE job_id IN (SELECT value FROM json_each(:ids)) ORDER BY attempt_id;

-- name: assets_of_jobs
SELECT * FROM job_assets WHERE job_id IN (SELECT value FROM json_each(:ids)) ORDER BY job_id, position;
