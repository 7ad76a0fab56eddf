-- name: claim_key
-- One caller wins a free or expired idempotency key; nobody else changes the row.
INSERT INTO idempotency (idempotency_key, job_id, fingerprint, asked, expires_at)
VALUES (:key, :job_id, :fingerprint, :asked, :expires_at)
ON CONFLICT (idempotency_key) DO UPDATE
SET job_id = excluded.job_id, fingerprint = excluded.fingerprint, asked = excluded.asked, expires_at = excluded.expires_at
WHERE idempotency.expires_at <= :now;

-- name: live_key
SELECT job_id, fingerprint, asked FROM idempotency WHERE idempotency_key = :key AND expires_at > :now;

-- name: insert_job
INSERT INTO jobs (job_id, state, request, request_id, final_prompt, enhancement_logic, quality_tier, project_id, tenant,
                  owner, lease_until, deadline, budget_day, reserved, save_root, warnings, routes, digest, route, door,
                  created_at)
VALUES (:job_id, 'queued', :request, :request_id, :final_prompt, :enhancement_logic, :quality_tier, :project_id, :tenant,
        :owner, :lease_until, :deadline, :budget_day, :reserved, :save_root, :warnings, :routes, :digest, :route, :door,
        :now)
RETURNING *;

-- name: job
SELECT * FROM jobs WHERE job_id = :job_id;

-- name: insert_batch_item
-- What became of one item: the job that has it, or the error that stood in its way.
INSERT INTO batch_items (batch_id, item, tenant, job_id, error) VALUES (:batch_id, :item, :tenant, :job_id, :error);

-- name: batch_items
SELECT tenant, job_id, error FROM batch_items WHERE batch_id = :batch_id ORDER BY item;

-- name: job_attempts
SELECT * FROM attempts WHERE job_id = :job_id ORDER BY attempt_id;

-- name: job_assets
SELECT * FROM job_assets WHERE job_id = :job_id ORDER BY position;

-- name: job_state
-- What a waiter needs to know, cheaply.
SELECT state, progress, completed_at FROM jobs WHERE job_id = :job_id;

-- name: renew_leases
UPDATE jobs SET lease_until = :until
WHERE job_id IN (SELECT value FROM json_each(:ids)) AND owner = :owner AND completed_at IS NULL;

-- name: release_leases
UPDATE jobs SET lease_until = :until WHERE owner = :owner AND completed_at IS NULL;

-- name: abandoned_jobs
-- Jobs whose owner has let its lease run out; not what a living worker is to have: of the queue
-- never, of the rest where whoever asks is there but for want of one; nor what waits and whoever asks claims anyway.
SELECT * FROM jobs
WHERE completed_at IS NULL AND lease_until < :now
  AND NOT ((owner = 'queue' OR :is_last_resort = 1)
           AND EXISTS (SELECT 1 FROM process_routes JOIN processes USING (owner)
                       WHERE process_routes.route = jobs.route AND is_worker = 1 AND processes.lease_until >= :now))
  AND NOT (owner = 'queue' AND coalesce(route, '') IN (SELECT value FROM json_each(:claims)))
ORDER BY lease_until, job_id LIMIT :most;

-- name: take_over
UPDATE jobs SET owner = :owner, lease_until = :until
WHERE job_id = :job_id AND completed_at IS NULL AND lease_until < :now;

-- name: take_from
UPDATE jobs SET owner = :owner, lease_until = :until
WHERE job_id = :job_id AND owner = :giver AND completed_at IS NULL;

-- name: held_by
-- Among the unfinished: in an order that no index has, or SQLite would read all jobs in that of their ids.
SELECT job_id FROM jobs WHERE owner = :owner AND completed_at IS NULL ORDER BY job_id || '';

-- name: held_by_others
SELECT 1 FROM jobs WHERE (owner IS NULL OR owner <> :owner) AND completed_at IS NULL LIMIT 1;

-- name: start_job
UPDATE jobs SET state = 'processing', started_at = coalesce(started_at, :now), provider = :provider, model = :model
WHERE job_id = :job_id;

-- name: insert_attempt
INSERT INTO attempts (job_id, part, provider, model, images, state, reason, price, settings, started_at)
VALUES (:job_id, :part, :provider, :model, :images, 'sent', :reason, :price, :settings, :now)
RETURNING attempt_id AS number;

-- name: accept_attempt
UPDATE attempts SET state = 'accepted', operation = :operation WHERE attempt_id = :attempt_id AND ended_at IS NULL;

-- name: end_attempt
UPDATE attempts
SET state = :state, outcome = :outcome, message = :message, latency_ms = :latency_ms, cost = :cost,
    maybe_billed = :maybe_billed, health_cost = :health_cost, rest_until = :rest_until, ended_at = :ended_at,
    outcome_id = (SELECT value FROM totals WHERE name = 'outcomes')
WHERE attempt_id = :attempt_id;

-- name: call
-- With what its job has to do with it.
SELECT attempts.attempt_id, attempts.cost, attempts.ended_at, attempts.outcome, attempts.maybe_billed, jobs.budget_day,
       jobs.reserved, jobs.warnings, jobs.error, jobs.completed_at, jobs.state AS job_state
FROM attempts JOIN jobs USING (job_id) WHERE attempt_id = :attempt_id;

-- name: count_outcome
-- The number of the next outcome to become known: with one writer at a time they count up in the order of the commits.
UPDATE totals SET value = value + 1 WHERE name = 'outcomes';

-- name: attempts_in_window
SELECT count(*) AS calls FROM attempts WHERE provider = :provider AND started_at >= :since;

-- name: calls_out
-- Calls of a provider that living processes have out; not those that wait their day.
SELECT count(*) AS calls FROM attempts JOIN jobs USING (job_id)
WHERE attempts.provider = :provider AND ended_at IS NULL AND jobs.lease_until >= :now
  AND coalesce(json_extract(jobs.request, '$.urgency'), 'now') = 'now';

-- name: trial_in_flight
-- A call that a living process has out.
SELECT 1 FROM attempts JOIN jobs USING (job_id)
WHERE attempts.provider = :provider AND attempts.model = :model AND ended_at IS NULL AND jobs.lease_until >= :now LIMIT 1;

-- name: outcomes_since
-- What happened lately, for the health of every candidate; :after is the number of the last one already seen.
SELECT outcome_id, attempt_id, provider, model, state, latency_ms, health_cost, rest_until, settings, outcome, ended_at
FROM attempts WHERE outcome_id > :after AND ended_at >= :oldest ORDER BY outcome_id;

-- name: insert_job_asset
INSERT INTO job_assets (job_id, position, asset_id, attempt_id, seed, mime_type, width, height, bytes)
VALUES (:job_id, (SELECT coalesce(max(position) + 1, 0) FROM job_assets WHERE job_id = :job_id),
        :asset_id, :attempt_id, :seed, :mime_type, :width, :height, :bytes)
ON CONFLICT DO NOTHING;

-- name: finish_job
UPDATE jobs SET state = :state, error = :error, warnings = :warnings, drawn = :drawn,
                not_drawn = :not_drawn, shortfalls = :shortfalls, saved_to = :saved_to, cost = :cost, cost_basis = :cost_basis,
                completed_at = :now, reserved = 0, progress = NULL
WHERE job_id = :job_id
RETURNING *;

-- name: revive_job
UPDATE jobs SET state = 'completed', error = NULL, warnings = :warnings, completed_at = :now WHERE job_id = :job_id;

-- name: set_cost
UPDATE jobs SET cost = :cost, cost_basis = :cost_basis WHERE job_id = :job_id;

-- name: set_progress
UPDATE jobs SET progress = :progress WHERE job_id = :job_id AND owner = :owner AND completed_at IS NULL;

-- name: cut_off
UPDATE jobs SET cut_off_at = :now WHERE job_id = :job_id;

-- name: joinable
-- The newest equal job whose call was cut off, or whose process or door is gone; unfinished, or ended lately with a picture
-- or with a call that may have been billed. Found by the digest alone: a tenant may have a million jobs, which SQLite
-- would rather read from the newest on, so the tenant is compared as no index has it.
SELECT job_id FROM jobs
WHERE digest = :digest AND tenant || '' = :tenant
  AND (cut_off_at > 0
       OR (cut_off_at IS NULL
           AND ((completed_at IS NULL AND lease_until < :now AND owner <> 'queue')
                OR (completed_at IS NULL AND door IS NOT NULL
                    AND NOT EXISTS (SELECT 1 FROM processes
                                    WHERE processes.owner = jobs.door AND processes.lease_until >= :now))
                OR json_extract(error, '$.code') = 'interrupted')))
  AND (completed_at IS NULL
       OR (completed_at > :since
           AND (state = 'completed'
                OR (state = 'failed' AND EXISTS (SELECT 1 FROM attempts
                                                 WHERE attempts.job_id = jobs.job_id AND attempts.maybe_billed <> 0)))))
ORDER BY job_id DESC LIMIT 1;

-- name: joined
UPDATE jobs SET cut_off_at = 0 WHERE job_id = :job_id;

-- name: request_cancel
UPDATE jobs SET cancel_requested = 1 WHERE job_id = :job_id AND completed_at IS NULL;

-- name: cancel_requests
SELECT job_id FROM jobs WHERE owner = :owner AND cancel_requested <> 0 AND completed_at IS NULL;

-- name: book
INSERT INTO spend (day, reserved, spent) VALUES (:day, :reserved, :spent)
ON CONFLICT (day) DO UPDATE SET reserved = spend.reserved + excluded.reserved, spent = spend.spent + excluded.spent;

-- name: set_reserved
UPDATE jobs SET reserved = :amount WHERE job_id = :job_id;

-- name: committed
-- Money spent or reserved on a day and in its month, in millionths.
SELECT coalesce(sum(CASE WHEN day = :day THEN reserved + spent END), 0) AS day,
       coalesce(sum(reserved + spent), 0) AS month
FROM spend WHERE day BETWEEN :month || '-01' AND :month || '-31';

-- name: living_leases
SELECT count(*) AS jobs FROM jobs WHERE completed_at IS NULL AND lease_until >= :now;

-- name: calls_by_outcome
-- From the sums, which keep what forgotten attempts told.
SELECT provider, outcome, sum(calls) AS calls, sum(cost) AS cost, sum(maybe_billed) AS maybe_billed
FROM usage_months GROUP BY provider, outcome HAVING sum(calls) > 0;
