-- name: jobs_by_state
-- Counted from an index: sums beside the jobs would make all machines wait for one row.
SELECT state, count(*) AS jobs FROM jobs GROUP BY state;
