-- title: Spent on models in the last 24 hours, in dollars
-- window: 24h
-- index: bot_agentinteraction (created_at)
SELECT
    sum(estimated_cost) AS value,
    count(estimated_cost) AS samples
FROM bot_agentinteraction
WHERE created_at >= now() - :window
