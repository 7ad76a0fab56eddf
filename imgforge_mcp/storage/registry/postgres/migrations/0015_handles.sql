-- What a provider has made of kept references, such as a style: its own id for it, and of which pictures.

CREATE TABLE kept_handles (
    tenant     text NOT NULL,
    names      text NOT NULL,
    provider   text NOT NULL,
    made_of    text NOT NULL,
    handle     text NOT NULL,
    created_at double precision NOT NULL,
    PRIMARY KEY (tenant, names, provider)
);
