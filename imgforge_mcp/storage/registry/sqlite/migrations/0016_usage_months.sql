-- Usage of whole months, added up beside that of the days: years of it would be read with each look otherwise.

CREATE TABLE usage_months (
    month        TEXT NOT NULL,
    tenant       TEXT NOT NULL,
    project_id   TEXT NOT NULL,
    provider     TEXT NOT NULL,
    model        TEXT NOT NULL,
    outcome      TEXT NOT NULL,
    calls        INTEGER NOT NULL,
    images       INTEGER NOT NULL,
    cost         INTEGER NOT NULL,
    maybe_billed INTEGER NOT NULL,
    PRIMARY KEY (month, tenant, project_id, provider, model, outcome)
) STRICT, WITHOUT ROWID;

INSERT INTO usage_months
SELECT substr(day, 1, 7), tenant, project_id, provider, model, outcome, sum(calls), sum(images), sum(cost), sum(maybe_billed)
FROM usage_days GROUP BY 1, 2, 3, 4, 5, 6;

CREATE TRIGGER month_of_new AFTER INSERT ON usage_days BEGIN
    INSERT INTO usage_months
    VALUES (substr(NEW.day, 1, 7), NEW.tenant, NEW.project_id, NEW.provider, NEW.model, NEW.outcome, NEW.calls, NEW.images,
            NEW.cost, NEW.maybe_billed)
    ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, images = images + excluded.images,
                              cost = cost + excluded.cost, maybe_billed = maybe_billed + excluded.maybe_billed;
END;

CREATE TRIGGER month_of_changed AFTER UPDATE OF calls, images, cost, maybe_billed ON usage_days BEGIN
    UPDATE usage_months
    SET calls = calls + NEW.calls - OLD.calls, images = images + NEW.images - OLD.images,
        cost = cost + NEW.cost - OLD.cost, maybe_billed = maybe_billed + NEW.maybe_billed - OLD.maybe_billed
    WHERE month = substr(NEW.day, 1, 7) AND tenant = NEW.tenant AND project_id = NEW.project_id
      AND provider = NEW.provider AND model = NEW.model AND outcome = NEW.outcome;
END;
