-- title: Answers of the agent
-- window: 24h
SELECT count(*) AS value
FROM bot_agentinteraction
WHERE created_at >= now() - :window
