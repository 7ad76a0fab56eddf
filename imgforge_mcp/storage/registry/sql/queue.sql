-- name: enlist
INSERT INTO processes (owner, is_worker, at_once, about, started_at, lease_until)
VALUES (:owner, :is_worker, :at_once, :about, :started_at, :until)
ON CONFLICT (owner) DO UPDATE SET lease_until = excluded.lease_until;

-- name: enlist_route
INSERT INTO process_routes (route, owner) VALUES (:route, :owner) ON CONFLICT DO NOTHING;

-- name: is_enlisted
SELECT 1 FROM processes WHERE owner = :owner;

-- name: resign
DELETE FROM processes WHERE owner = :owner;

-- name: resign_routes
DELETE FROM process_routes WHERE owner = :owner;

-- name: long_gone
-- Processes that ended without a word, a while ago.
SELECT owner FROM processes WHERE lease_until < :before;

-- name: living_processes
SELECT * FROM processes WHERE lease_until >= :now ORDER BY started_at, owner;

-- name: routes_of_processes
SELECT owner, route FROM process_routes ORDER BY owner, route;

-- name: put_back
UPDATE jobs SET owner = 'queue', route = NULL, lease_until = :until
WHERE job_id = :job_id AND owner = :owner AND completed_at IS NULL;

-- name: cancel_unsent
UPDATE jobs SET cancel_requested = 1 WHERE job_id = :job_id AND completed_at IS NULL AND started_at IS NULL;

-- name: ended_among
SELECT job_id FROM jobs WHERE job_id IN (SELECT value FROM json_each(:ids)) AND completed_at IS NOT NULL;

-- name: let_go
UPDATE jobs SET lease_until = :until WHERE job_id = :job_id AND owner = :owner AND completed_at IS NULL;

-- name: cut_off_with_its_door
-- A job ends whose door is gone: nobody was told, so that an equal call may come for it.
UPDATE jobs SET cut_off_at = :own WHERE job_id = :job_id AND cut_off_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM processes WHERE processes.owner = jobs.door AND processes.lease_until >= :now);

-- name: longest_queued
SELECT created_at FROM jobs WHERE state = 'queued' ORDER BY job_id LIMIT 1;

-- name: living_workers
SELECT count(*) AS workers, coalesce(sum(at_once), 0) AS places FROM processes WHERE is_worker = 1 AND lease_until >= :now;
