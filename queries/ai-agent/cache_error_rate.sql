-- title: Answers for which the cache failed
-- window: 15m
-- index: bot_agentinteraction (created_at)
SELECT
    count(*) AS total,
    count(*) FILTER (WHERE lower(error_type) = 'cache') AS bad
FROM bot_agentinteraction
WHERE created_at >= now() - :window
