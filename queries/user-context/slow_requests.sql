-- title: Slowest chat requests
-- window: 1h
SELECT
    round(extract(epoch FROM finished_at - started_at)::numeric, 2) AS seconds,
    CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS side,
    request_id,
    user_id,
    status,
    started_at
FROM chat_requests
WHERE started_at >= now() - :window
    AND finished_at IS NOT NULL
ORDER BY finished_at - started_at DESC, started_at DESC
LIMIT 20
