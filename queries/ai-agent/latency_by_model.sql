-- title: Time of answers by model, in seconds
-- window: 1h
-- index: bot_agentinteraction (created_at)
SELECT
    coalesce(nullif(model_used, ''), '(no model)') AS model,
    count(*) AS answers,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY processing_time_ms)::numeric / 1000, 2) AS p50,
    round(percentile_cont(0.95) WITHIN GROUP (ORDER BY processing_time_ms)::numeric / 1000, 2) AS p95,
    round(percentile_cont(0.95) WITHIN GROUP (ORDER BY database_time_ms)::numeric, 1) AS database_p95_ms
FROM bot_agentinteraction
WHERE created_at >= now() - :window
    AND processing_time_ms IS NOT NULL
GROUP BY 1
ORDER BY p95 DESC, model
LIMIT 30
