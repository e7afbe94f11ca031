-- title: 95th percentile of the slowest database query of an answer, in milliseconds
-- window: 15m
-- index: bot_agentinteraction (created_at)
SELECT
    percentile_cont(0.95) WITHIN GROUP (ORDER BY database_time_ms::double precision) AS value,
    count(database_time_ms) AS samples
FROM bot_agentinteraction
WHERE created_at >= now() - :window
