-- How many jobs there are of each state, kept beside them: a million would be counted with each look otherwise.

CREATE TABLE job_counts (
    state TEXT PRIMARY KEY,
    jobs  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO job_counts SELECT state, count(*) FROM jobs GROUP BY state;

CREATE TRIGGER count_of_new AFTER INSERT ON jobs BEGIN
    INSERT INTO job_counts VALUES (NEW.state, 1) ON CONFLICT DO UPDATE SET jobs = jobs + 1;
END;

CREATE TRIGGER count_of_changed AFTER UPDATE OF state ON jobs WHEN OLD.state != NEW.state BEGIN
    UPDATE job_counts SET jobs = jobs - 1 WHERE state = OLD.state;
    INSERT INTO job_counts VALUES (NEW.state, 1) ON CONFLICT DO UPDATE SET jobs = jobs + 1;
END;

CREATE TRIGGER count_of_forgotten AFTER DELETE ON jobs BEGIN
    UPDATE job_counts SET jobs = jobs - 1 WHERE state = OLD.state;
END;
