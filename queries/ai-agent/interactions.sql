-- title: Answers of the agent
-- window: 24h
-- index: bot_agentinteraction (created_at)
SELECT count(*) AS value
FROM bot_agentinteraction
WHERE created_at >= now() - :window
