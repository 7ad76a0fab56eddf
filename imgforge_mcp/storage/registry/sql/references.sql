-- name: kept_references
SELECT name, words, created_at FROM kept_references WHERE tenant = :tenant ORDER BY name;

-- name: kept_pictures
-- Those that are still in the store; a file may be lost outside of all order.
SELECT name, assets.* FROM kept_pictures JOIN assets USING (asset_id)
WHERE tenant = :tenant ORDER BY name, position;

-- name: keep_reference
INSERT INTO kept_references (tenant, name, words, created_at) VALUES (:tenant, :name, '', :now)
ON CONFLICT (tenant, name) DO NOTHING;

-- name: describe_reference
UPDATE kept_references SET words = :words WHERE tenant = :tenant AND name = :name;

-- name: pictures_of_reference
SELECT position, asset_id FROM kept_pictures WHERE tenant = :tenant AND name = :name ORDER BY position;

-- name: keep_picture
INSERT INTO kept_pictures (tenant, name, position, asset_id) VALUES (:tenant, :name, :position, :asset_id);

-- name: remove_reference
DELETE FROM kept_references WHERE tenant = :tenant AND name = :name;

-- name: remove_kept_pictures
DELETE FROM kept_pictures WHERE tenant = :tenant AND name = :name;

-- name: kept_with
-- Whose an image is, and under which name.
SELECT tenant, name FROM kept_pictures WHERE asset_id = :asset_id ORDER BY tenant, name;

-- name: kept_handle
SELECT handle FROM kept_handles
WHERE tenant = :tenant AND names = :names AND provider = :provider AND made_of = :made_of;

-- name: kept_handles
SELECT names FROM kept_handles WHERE tenant = :tenant;

-- name: keep_handle
INSERT INTO kept_handles (tenant, names, provider, made_of, handle, created_at)
VALUES (:tenant, :names, :provider, :made_of, :handle, :now)
ON CONFLICT (tenant, names, provider) DO UPDATE
SET made_of = excluded.made_of, handle = excluded.handle, created_at = excluded.created_at;

-- name: forget_handle
DELETE FROM kept_handles WHERE tenant = :tenant AND names = :names AND provider = :provider AND handle = :handle;

-- name: forget_handles
DELETE FROM kept_handles WHERE tenant = :tenant AND names = :names;
