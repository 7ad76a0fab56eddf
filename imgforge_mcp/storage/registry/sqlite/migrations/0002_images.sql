-- What jobs need of the store, what was deleted, and how much renditions take.

CREATE TABLE job_inputs (
    job_id   TEXT NOT NULL REFERENCES jobs (job_id),
    asset_id TEXT NOT NULL,
    PRIMARY KEY (job_id, asset_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_inputs_by_asset ON job_inputs (asset_id);
INSERT OR IGNORE INTO job_inputs (job_id, asset_id)
SELECT job_id, value FROM jobs, json_each(iif(json_valid(request), request, '{}'), '$.input_images')
WHERE type = 'text' AND length(value) = 64;
INSERT OR IGNORE INTO job_inputs (job_id, asset_id)
SELECT job_id, mask FROM (SELECT job_id, json_extract(iif(json_valid(request), request, '{}'), '$.mask') AS mask FROM jobs)
WHERE length(mask) = 64;

CREATE TABLE tombstones (
    asset_id   TEXT NOT NULL,
    tenant     TEXT NOT NULL,
    deleted_at REAL NOT NULL,
    PRIMARY KEY (asset_id, tenant)
) STRICT, WITHOUT ROWID;

ALTER TABLE assets ADD COLUMN rendition_bytes INTEGER NOT NULL DEFAULT 0;
DROP INDEX assets_by_access;
CREATE INDEX assets_by_access ON assets (accessed_at) WHERE pinned = 0;
