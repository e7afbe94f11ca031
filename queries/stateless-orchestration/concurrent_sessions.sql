-- title: Most sessions at work at the same moment
-- window: 1h
-- Every session adds one when it begins and takes one away when it ends; the highest running sum is the peak.
WITH spans AS (
    SELECT
        created_at AS began,
        greatest(created_at, coalesce(updated_at, now())) AS ended
    FROM agent_sessions
    WHERE created_at >= now() - :window
),
changes AS (
    SELECT began AS at, 1 AS change FROM spans
    UNION ALL
    SELECT ended AS at, -1 AS change FROM spans
)
SELECT
    max(running.sessions) AS value,
    (SELECT count(*) FROM spans) AS samples
FROM (SELECT sum(change) OVER (ORDER BY at, change DESC) AS sessions FROM changes) AS running
