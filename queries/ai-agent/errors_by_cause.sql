-- title: Failures by cause and message
-- window: 1h
-- index: bot_agentinteraction (created_at)
SELECT
    lower(error_type) AS cause,
    coalesce(nullif(left(error_message, 200), ''), '(no message)') AS error,
    count(*) AS answers,
    count(DISTINCT tenant_id) AS tenants,
    min(created_at) AS first_seen,
    max(created_at) AS last_seen
FROM bot_agentinteraction
WHERE error_type <> ''
    AND created_at >= now() - :window
GROUP BY 1, 2
ORDER BY answers DESC, cause, error
LIMIT 30
