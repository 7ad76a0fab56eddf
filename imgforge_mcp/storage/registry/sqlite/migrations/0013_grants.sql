-- Log-ins: the clients that registered themselves, and the codes and tokens that stand for a key, by their SHA-256.

CREATE TABLE login_clients (
    client_id  TEXT PRIMARY KEY,
    body       TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE grants (
    digest         TEXT PRIMARY KEY,
    kind           TEXT NOT NULL,
    family         TEXT NOT NULL,
    client_id      TEXT NOT NULL,
    key_digest     TEXT NOT NULL,
    scopes         TEXT NOT NULL,
    resource       TEXT NOT NULL,
    code_challenge TEXT NOT NULL,
    redirect_uri   TEXT NOT NULL,
    expires_at     REAL NOT NULL,
    is_spent       INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_by_family ON grants (family);
CREATE INDEX grants_by_client ON grants (client_id);
CREATE INDEX grants_by_expiry ON grants (expires_at);
