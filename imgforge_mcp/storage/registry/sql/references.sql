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
