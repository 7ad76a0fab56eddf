-- name: insert_client
INSERT INTO login_clients (client_id, body, created_at) VALUES (:client_id, :body, :now);

-- name: login_client
SELECT body FROM login_clients WHERE client_id = :client_id;

-- name: forget_clients
-- Of those that hold nothing, all but the newest.
DELETE FROM login_clients WHERE client_id IN
    (SELECT client_id FROM login_clients
     WHERE NOT EXISTS (SELECT 1 FROM grants WHERE grants.client_id = login_clients.client_id)
     ORDER BY created_at DESC, client_id LIMIT :more OFFSET :kept);

-- name: insert_grant
INSERT INTO grants (digest, kind, family, client_id, key_digest, scopes, resource, code_challenge, redirect_uri,
                    expires_at)
VALUES (:digest, :kind, :family, :client_id, :key_digest, :scopes, :resource, :code_challenge, :redirect_uri,
        :expires_at);

-- name: grant_of
SELECT * FROM grants WHERE digest = :digest;

-- name: spend_grant
-- Kept as long as what came of it, so that its second use is noticed.
UPDATE grants SET is_spent = 1, expires_at = :kept_until WHERE digest = :digest;

-- name: end_family
DELETE FROM grants WHERE family = :family;

-- name: forget_grants
DELETE FROM grants WHERE expires_at <= :now;
