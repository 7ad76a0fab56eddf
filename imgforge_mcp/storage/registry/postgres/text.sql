-- name: jobs_page_of_text
-- A page of jobs whose prompt has words.
SELECT jobs.* FROM job_texts JOIN jobs USING (job_id)
WHERE job_texts.words @@ words_query(:text) AND {conditions} ORDER BY jobs.job_id DESC LIMIT :limit;

-- name: where_row_before
jobs.job_id < :row_before

-- name: insert_job_text
INSERT INTO job_texts (job_id, words) VALUES (:job_id, words_of(:text));

-- name: forget_job_texts
DELETE FROM job_texts WHERE job_id IN (SELECT value FROM json_each(:ids));
