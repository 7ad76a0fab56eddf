-- Lists by any filter a page at a time, search in prompts, and usage added up as it happens.

CREATE INDEX jobs_by_state ON jobs (state, job_id);
CREATE INDEX jobs_by_project ON jobs (project_id, job_id) WHERE project_id IS NOT NULL;
CREATE INDEX jobs_by_provider ON jobs (provider, job_id) WHERE provider IS NOT NULL;
CREATE INDEX jobs_by_model ON jobs (model, job_id) WHERE model IS NOT NULL;

CREATE VIRTUAL TABLE job_texts USING fts5 (text, tokenize = 'porter unicode61 remove_diacritics 2', detail = none);
INSERT INTO job_texts (rowid, text)
SELECT rowid, json_extract(iif(json_valid(request), request, '{}'), '$.prompt') FROM jobs;

CREATE VIEW attempt_usage AS
SELECT attempt_id, jobs.budget_day AS day, jobs.tenant AS tenant, coalesce(jobs.project_id, '') AS project_id,
       attempts.provider AS provider, attempts.model AS model, coalesce(attempts.outcome, '') AS outcome, 1 AS calls,
       iif(attempts.state = 'succeeded', attempts.images, 0) AS images,
       iif(attempts.maybe_billed, 0, coalesce(attempts.cost, 0)) AS cost,
       iif(attempts.maybe_billed, coalesce(attempts.cost, 0), 0) AS maybe_billed
FROM attempts JOIN jobs USING (job_id);

CREATE TABLE usage_days (
    day          TEXT NOT NULL,
    tenant       TEXT NOT NULL,
    project_id   TEXT NOT NULL,
    provider     TEXT NOT NULL,
    model        TEXT NOT NULL,
    outcome      TEXT NOT NULL,
    calls        INTEGER NOT NULL,
    images       INTEGER NOT NULL,
    cost         INTEGER NOT NULL,
    maybe_billed INTEGER NOT NULL,
    PRIMARY KEY (day, tenant, project_id, provider, model, outcome)
) STRICT, WITHOUT ROWID;
INSERT INTO usage_days
SELECT day, tenant, project_id, provider, model, outcome, sum(calls), sum(images), sum(cost), sum(maybe_billed)
FROM attempt_usage GROUP BY 1, 2, 3, 4, 5, 6;

-- The same of attempts that are no longer kept.
CREATE TABLE usage_of_forgotten (
    day          TEXT NOT NULL,
    tenant       TEXT NOT NULL,
    project_id   TEXT NOT NULL,
    provider     TEXT NOT NULL,
    model        TEXT NOT NULL,
    outcome      TEXT NOT NULL,
    calls        INTEGER NOT NULL,
    images       INTEGER NOT NULL,
    cost         INTEGER NOT NULL,
    maybe_billed INTEGER NOT NULL,
    PRIMARY KEY (day, tenant, project_id, provider, model, outcome)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER usage_of_new AFTER INSERT ON attempts BEGIN
    INSERT INTO usage_days
    SELECT day, tenant, project_id, provider, model, outcome, calls, images, cost, maybe_billed
    FROM attempt_usage WHERE attempt_id = NEW.attempt_id
    ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, images = images + excluded.images,
                              cost = cost + excluded.cost, maybe_billed = maybe_billed + excluded.maybe_billed;
END;

CREATE TRIGGER usage_of_changed AFTER UPDATE OF state, outcome, cost, maybe_billed, images ON attempts BEGIN
    INSERT INTO usage_days
    SELECT day, tenant, project_id, provider, model, coalesce(OLD.outcome, ''), -1,
           -iif(OLD.state = 'succeeded', OLD.images, 0), -iif(OLD.maybe_billed, 0, coalesce(OLD.cost, 0)),
           -iif(OLD.maybe_billed, coalesce(OLD.cost, 0), 0)
    FROM attempt_usage WHERE attempt_id = OLD.attempt_id
    ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, images = images + excluded.images,
                              cost = cost + excluded.cost, maybe_billed = maybe_billed + excluded.maybe_billed;
    INSERT INTO usage_days
    SELECT day, tenant, project_id, provider, model, outcome, calls, images, cost, maybe_billed
    FROM attempt_usage WHERE attempt_id = NEW.attempt_id
    ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, images = images + excluded.images,
                              cost = cost + excluded.cost, maybe_billed = maybe_billed + excluded.maybe_billed;
END;
