-- title: Most frequent errors, and on which side they happen
-- window: 1h
SELECT
    coalesce(nullif(left(error_message, 200), ''), '(no message)') AS error,
    count(*) AS sessions,
    count(*) FILTER (WHERE lower(metadata ->> 'useStateless') = 'true') AS canary,
    count(*) FILTER (WHERE lower(metadata ->> 'useStateless') IS DISTINCT FROM 'true') AS baseline,
    min(created_at) AS first_seen,
    max(created_at) AS last_seen
FROM agent_sessions
WHERE status = 'error'
    AND created_at >= now() - :window
GROUP BY 1
ORDER BY sessions DESC, error
LIMIT 20
