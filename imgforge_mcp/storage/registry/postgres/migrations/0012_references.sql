-- What a tenant keeps under a name: words, and pictures in their order.

CREATE TABLE kept_references (
    tenant     text NOT NULL,
    name       text NOT NULL,
    words      text NOT NULL,
    created_at double precision NOT NULL,
    PRIMARY KEY (tenant, name)
);

CREATE TABLE kept_pictures (
    tenant   text NOT NULL,
    name     text NOT NULL,
    position integer NOT NULL,
    asset_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, name, position)
);
CREATE INDEX kept_pictures_by_asset ON kept_pictures (asset_id);
