-- title: Mean confidence of the answers, 0 to 1
-- window: 24h
-- index: bot_agentinteraction (created_at)
SELECT
    avg(confidence_score) AS value,
    count(confidence_score) AS samples
FROM bot_agentinteraction
WHERE created_at >= now() - :window
