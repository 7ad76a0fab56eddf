-- What was committed, by a name that its process gave it: whoever lost the answer to a commit looks here. The number of a
-- transaction tells less, for a database that crashed, or whose replica took over, gives it to another one.

CREATE TABLE commits (
    token text PRIMARY KEY,
    at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX commits_by_time ON commits (at);
