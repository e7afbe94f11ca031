-- title: Most sessions at work at the same moment
-- window: 1h
-- index: agent_sessions (created_at)
-- Of the sessions that were at work in the window, also those that began before it: every one adds one when it begins
-- and takes one away when it ends; the highest running sum is the peak. One is at work still if its status says so, or
-- says nothing and it was never written again after it began. What began more than a day before the window was left
-- behind.
WITH spans AS (
    SELECT
        greatest(created_at, now() - :window) AS began,
        CASE
            WHEN lower(status) IN ('running', 'in_progress', 'active', 'pending', 'open') THEN now()
            WHEN lower(status) IN ('completed', 'error', 'failed', 'cancelled', 'timeout')
                THEN greatest(created_at, coalesce(updated_at, created_at))
            WHEN updated_at = created_at THEN now()
            ELSE greatest(created_at, coalesce(updated_at, now()))
        END AS ended
    FROM agent_sessions
    WHERE created_at >= now() - :window - interval '1 day'
),
inside AS (
    SELECT began, ended FROM spans WHERE ended >= now() - :window
),
changes AS (
    SELECT began AS at, 1 AS change FROM inside
    UNION ALL
    SELECT ended AS at, -1 AS change FROM inside
)
SELECT
    max(running.sessions) AS value,
    (SELECT count(*) FROM inside) AS samples
FROM (SELECT sum(change) OVER (ORDER BY at, change DESC) AS sessions FROM changes) AS running
