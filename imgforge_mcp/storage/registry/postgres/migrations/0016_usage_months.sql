-- Usage of whole months, added up beside that of the days: years of it would be read with each look otherwise.

CREATE TABLE usage_months (
    month        text COLLATE "C" NOT NULL,
    tenant       text NOT NULL,
    project_id   text NOT NULL,
    provider     text NOT NULL,
    model        text NOT NULL,
    outcome      text NOT NULL,
    calls        bigint NOT NULL,
    images       bigint NOT NULL,
    cost         bigint NOT NULL,
    maybe_billed bigint NOT NULL,
    PRIMARY KEY (month, tenant, project_id, provider, model, outcome)
);

INSERT INTO usage_months
SELECT substr(day, 1, 7), tenant, project_id, provider, model, outcome, sum(calls), sum(images), sum(cost), sum(maybe_billed)
FROM usage_days GROUP BY 1, 2, 3, 4, 5, 6;

CREATE FUNCTION count_month() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO usage_months
        VALUES (substr(NEW.day, 1, 7), NEW.tenant, NEW.project_id, NEW.provider, NEW.model, NEW.outcome, NEW.calls,
                NEW.images, NEW.cost, NEW.maybe_billed)
        ON CONFLICT (month, tenant, project_id, provider, model, outcome) DO UPDATE
        SET calls = usage_months.calls + excluded.calls, images = usage_months.images + excluded.images,
            cost = usage_months.cost + excluded.cost, maybe_billed = usage_months.maybe_billed + excluded.maybe_billed;
    ELSE
        UPDATE usage_months
        SET calls = calls + NEW.calls - OLD.calls, images = images + NEW.images - OLD.images,
            cost = cost + NEW.cost - OLD.cost, maybe_billed = maybe_billed + NEW.maybe_billed - OLD.maybe_billed
        WHERE month = substr(NEW.day, 1, 7) AND tenant = NEW.tenant AND project_id = NEW.project_id
          AND provider = NEW.provider AND model = NEW.model AND outcome = NEW.outcome;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER month_of_day AFTER INSERT OR UPDATE OF calls, images, cost, maybe_billed ON usage_days
FOR EACH ROW EXECUTE FUNCTION count_month();
