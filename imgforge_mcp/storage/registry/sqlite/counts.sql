-- name: jobs_by_state
SELECT state, jobs FROM job_counts WHERE jobs > 0;
