-- name: usage
-- Sums of the days from :first_day on, by each kind of name and in all. From :first_whole on, the first day of a month,
-- they are added up already, and only days from :first_told on are told one by one: years take no longer than a month.
WITH lines AS MATERIALIZED (
    SELECT substr(day, 1, 7) AS month, tenant, project_id, provider, model, outcome, calls, images, cost, maybe_billed
    FROM usage_days WHERE day >= :first_day AND day < :first_whole
    UNION ALL SELECT * FROM usage_months WHERE month >= substr(:first_whole, 1, 7)
), wanted AS MATERIALIZED (
    SELECT * FROM lines
    WHERE calls > 0 AND (CAST(:project_id AS TEXT) IS NULL OR project_id = :project_id)
      AND (CAST(:tenant AS TEXT) IS NULL OR tenant = :tenant)
)
SELECT 'total' AS kind, '' AS name, coalesce(sum(calls), 0) AS calls, coalesce(sum(images), 0) AS images,
       coalesce(sum(cost), 0) AS cost, coalesce(sum(maybe_billed), 0) AS maybe_billed FROM wanted
UNION ALL SELECT 'provider', provider, sum(calls), sum(images), sum(cost), sum(maybe_billed) FROM wanted GROUP BY 2
UNION ALL SELECT 'model', provider || '/' || model, sum(calls), sum(images), sum(cost), sum(maybe_billed) FROM wanted GROUP BY 2
UNION ALL SELECT 'project', project_id, sum(calls), sum(images), sum(cost), sum(maybe_billed) FROM wanted GROUP BY 2
UNION ALL SELECT 'month', month, sum(calls), sum(images), sum(cost), sum(maybe_billed) FROM wanted GROUP BY 2
UNION ALL SELECT 'outcome', outcome, sum(calls), sum(images), sum(cost), sum(maybe_billed) FROM wanted GROUP BY 2
UNION ALL SELECT 'day', day, sum(calls), sum(images), sum(cost), sum(maybe_billed) FROM usage_days
WHERE day >= :first_told AND calls > 0 AND (CAST(:project_id AS TEXT) IS NULL OR project_id = :project_id)
  AND (CAST(:tenant AS TEXT) IS NULL OR tenant = :tenant) GROUP BY 2;

-- name: usage_drift
-- Lines of the sums, of a day or a month, that are not what the attempts add up to, or that the sums lack; none, if all
-- is well.
WITH kept AS MATERIALIZED (
    SELECT day, tenant, project_id, provider, model, outcome, calls, images, cost, maybe_billed FROM attempt_usage
    UNION ALL SELECT * FROM usage_of_forgotten
), added AS MATERIALIZED (
    SELECT day, tenant, project_id, provider, model, outcome, sum(calls), sum(images), sum(cost), sum(maybe_billed)
    FROM kept GROUP BY 1, 2, 3, 4, 5, 6
    UNION ALL
    SELECT substr(day, 1, 7), tenant, project_id, provider, model, outcome, sum(calls), sum(images), sum(cost),
           sum(maybe_billed)
    FROM kept GROUP BY 1, 2, 3, 4, 5, 6
), counted AS MATERIALIZED (
    SELECT * FROM usage_days WHERE calls != 0 OR images != 0 OR cost != 0 OR maybe_billed != 0
    UNION ALL SELECT * FROM usage_months WHERE calls != 0 OR images != 0 OR cost != 0 OR maybe_billed != 0
)
SELECT day, tenant, project_id, provider, model, outcome
FROM (SELECT * FROM (SELECT * FROM added EXCEPT SELECT * FROM counted) AS missing
      UNION SELECT * FROM (SELECT * FROM counted EXCEPT SELECT * FROM added) AS needless) AS wrong
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 4, 5 LIMIT 100;
