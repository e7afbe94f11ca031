-- title: 95th percentile of the time that an answer takes, in seconds
-- window: 15m
-- index: bot_agentinteraction (created_at)
SELECT
    percentile_cont(0.95) WITHIN GROUP (ORDER BY processing_time_ms / 1000.0::double precision) AS value,
    count(processing_time_ms) AS samples
FROM bot_agentinteraction
WHERE created_at >= now() - :window
