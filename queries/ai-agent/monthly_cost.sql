-- title: Spent on models in the last 30 days, in dollars
-- window: 30d
-- index: bot_agentinteraction (created_at)
SELECT
    sum(estimated_cost) AS value,
    count(estimated_cost) AS samples
FROM bot_agentinteraction
WHERE created_at >= now() - :window
