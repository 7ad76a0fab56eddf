-- What a provider has made of kept references, such as a style: its own id for it, and of which pictures.

CREATE TABLE kept_handles (
    tenant     TEXT NOT NULL,
    names      TEXT NOT NULL,
    provider   TEXT NOT NULL,
    made_of    TEXT NOT NULL,
    handle     TEXT NOT NULL,
    created_at REAL NOT NULL,
    PRIMARY KEY (tenant, names, provider)
) STRICT, WITHOUT ROWID;
