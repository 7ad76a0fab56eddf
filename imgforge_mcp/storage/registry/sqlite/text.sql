-- name: jobs_page_of_text
-- A page of jobs whose prompt has words; the index of words knows jobs by their row number.
SELECT jobs.* FROM job_texts JOIN jobs ON jobs.rowid = job_texts.rowid
WHERE job_texts MATCH :text AND {conditions} ORDER BY job_texts.rowid DESC LIMIT :limit;

-- name: where_row_before
job_texts.rowid < (SELECT rowid FROM jobs WHERE job_id = :row_before)

-- name: insert_job_text
INSERT INTO job_texts (rowid, text) SELECT rowid, :text FROM jobs WHERE job_id = :job_id;

-- name: forget_job_texts
DELETE FROM job_texts WHERE rowid IN (SELECT rowid FROM jobs WHERE job_id IN (SELECT value FROM json_each(:ids)));
