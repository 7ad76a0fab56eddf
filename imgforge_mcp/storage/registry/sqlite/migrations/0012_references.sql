-- What a tenant keeps under a name: words, and pictures in their order.

CREATE TABLE kept_references (
    tenant     TEXT NOT NULL,
    name       TEXT NOT NULL,
    words      TEXT NOT NULL,
    created_at REAL NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE kept_pictures (
    tenant   TEXT NOT NULL,
    name     TEXT NOT NULL,
    position INTEGER NOT NULL,
    asset_id TEXT NOT NULL,
    PRIMARY KEY (tenant, name, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_pictures_by_asset ON kept_pictures (asset_id);
