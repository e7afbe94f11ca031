-- title: Conversations that were handed to a person
-- window: 24h
-- index: bot_agentinteraction (created_at)
SELECT
    count(DISTINCT conversation_id) AS total,
    count(DISTINCT conversation_id) FILTER (WHERE handoff_triggered) AS bad
FROM bot_agentinteraction
WHERE created_at >= now() - :window
