-- The HTTP door: keys by their SHA-256, and what each tenant has had of its limits.

CREATE TABLE api_keys (
    name           TEXT PRIMARY KEY,
    tenant         TEXT NOT NULL,
    digest         TEXT NOT NULL UNIQUE,
    start          TEXT NOT NULL,
    project_id     TEXT,
    allowance      TEXT NOT NULL DEFAULT '{}',
    webhook_secret TEXT NOT NULL,
    created_at     REAL NOT NULL,
    expires_at     REAL,
    revoked_at     REAL,
    last_used_at   REAL
) STRICT, WITHOUT ROWID;

CREATE TABLE admissions (
    tenant TEXT NOT NULL,
    at     REAL NOT NULL,
    images INTEGER NOT NULL
) STRICT;
CREATE INDEX admissions_by_tenant ON admissions (tenant, at);

CREATE TABLE admitted (
    tenant   TEXT NOT NULL,
    period   TEXT NOT NULL,
    requests INTEGER NOT NULL,
    images   INTEGER NOT NULL,
    PRIMARY KEY (tenant, period)
) STRICT, WITHOUT ROWID;

CREATE TABLE templates (
    template_id TEXT PRIMARY KEY,
    tenant      TEXT NOT NULL,
    body        TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX templates_by_tenant ON templates (tenant, template_id);
