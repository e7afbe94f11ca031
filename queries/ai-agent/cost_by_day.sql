-- title: Cost by day, UTC
-- window: 30d
-- index: bot_agentinteraction (created_at)
SELECT
    (created_at AT TIME ZONE 'UTC')::date AS day,
    round(sum(estimated_cost)::numeric, 4) AS cost,
    count(DISTINCT conversation_id) AS conversations,
    count(*) AS answers
FROM bot_agentinteraction
WHERE created_at >= now() - :window
GROUP BY 1
ORDER BY day DESC
