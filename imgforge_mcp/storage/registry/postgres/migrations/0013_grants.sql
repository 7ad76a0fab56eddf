-- Log-ins: the clients that registered themselves, and the codes and tokens that stand for a key, by their SHA-256.

CREATE TABLE login_clients (
    client_id  text PRIMARY KEY,
    body       text NOT NULL,
    created_at double precision NOT NULL
);

CREATE TABLE grants (
    digest         text PRIMARY KEY,
    kind           text NOT NULL,
    family         text NOT NULL,
    client_id      text NOT NULL,
    key_digest     text NOT NULL,
    scopes         text NOT NULL,
    resource       text NOT NULL,
    code_challenge text NOT NULL,
    redirect_uri   text NOT NULL,
    expires_at     double precision NOT NULL,
    is_spent       integer NOT NULL DEFAULT 0
);
CREATE INDEX grants_by_family ON grants (family);
CREATE INDEX grants_by_client ON grants (client_id);
CREATE INDEX grants_by_expiry ON grants (expires_at);
