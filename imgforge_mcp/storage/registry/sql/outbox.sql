-- name: insert_webhook
INSERT INTO webhooks (job_id, tenant, url, base_url) VALUES (:job_id, :tenant, :url, :base_url);

-- name: post_webhook
-- In the transaction that ends the job.
UPDATE webhooks SET state = 'pending', due_at = :now WHERE job_id = :job_id AND state = 'waiting';

-- name: next_webhook
SELECT min(due_at) AS due_at FROM webhooks
WHERE due_at IS NOT NULL AND tenant NOT IN (SELECT value FROM json_each(:busy));

-- name: due_webhooks
-- A few of each tenant.
SELECT job_id FROM (SELECT job_id, due_at, row_number() OVER (PARTITION BY tenant ORDER BY due_at) AS place
                    FROM webhooks WHERE due_at <= :now AND tenant NOT IN (SELECT value FROM json_each(:busy))) AS placed
WHERE place <= 4 ORDER BY due_at LIMIT 32;

-- name: due_webhook
SELECT job_id FROM webhooks WHERE due_at <= :now AND job_id = :job_id;

-- name: take_webhook
-- Whoever dies with it leaves it due again when `until` has come.
UPDATE webhooks SET tries = tries + 1, due_at = :until WHERE job_id = :job_id AND due_at <= :now;

-- name: settle_webhook
UPDATE webhooks
SET state = :state, due_at = :due_at, last_status = :status, last_error = :error, ended_at = :ended_at
WHERE job_id = :job_id AND tries = :tries;

-- name: replay_webhook
UPDATE webhooks SET state = 'pending', tries = 0, due_at = :now, ended_at = NULL
WHERE job_id = :job_id AND state <> 'waiting';

-- name: webhook
SELECT * FROM webhooks WHERE job_id = :job_id;

-- name: recent_webhooks
SELECT * FROM webhooks ORDER BY job_id DESC LIMIT :limit;

-- name: webhook_secret
SELECT coalesce((SELECT webhook_secret FROM api_keys WHERE tenant = :tenant),
                (SELECT secret FROM webhook_secrets WHERE tenant = :tenant)) AS secret;

-- name: keep_webhook_secret
INSERT INTO webhook_secrets (tenant, secret) VALUES (:tenant, :secret) ON CONFLICT (tenant) DO NOTHING;

-- name: forget_webhooks
DELETE FROM webhooks WHERE job_id IN (SELECT value FROM json_each(:ids));
