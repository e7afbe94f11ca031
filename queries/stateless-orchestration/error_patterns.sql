-- title: Most frequent errors, on which side they happen, and whether they were there the day before
-- window: 1h
-- index: agent_sessions (created_at)
WITH failed AS (
    SELECT
        coalesce(nullif(left(error_message, 200), ''), '(no message)') AS error,
        lower(metadata ->> 'useStateless') = 'true' AS is_canary,
        created_at >= now() - :window AS is_recent,
        created_at
    FROM agent_sessions
    WHERE status = 'error'
        AND created_at >= now() - :window - interval '1 day'
)
SELECT
    error,
    count(*) FILTER (WHERE is_recent) AS sessions,
    count(*) FILTER (WHERE is_recent AND is_canary) AS canary,
    count(*) FILTER (WHERE is_recent AND is_canary IS NOT TRUE) AS baseline,
    count(*) FILTER (WHERE NOT is_recent) AS day_before,
    min(created_at) AS first_seen,
    max(created_at) AS last_seen
FROM failed
GROUP BY error
HAVING count(*) FILTER (WHERE is_recent) > 0
ORDER BY sessions DESC, error
LIMIT 20
