-- title: Answers of the agent that failed
-- window: 15m
-- index: bot_agentinteraction (created_at)
SELECT
    count(*) AS total,
    count(*) FILTER (WHERE error_type <> '') AS bad
FROM bot_agentinteraction
WHERE created_at >= now() - :window
