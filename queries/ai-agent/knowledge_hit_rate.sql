-- title: Searches of the knowledge base that found something, in percent
-- window: 24h
-- index: bot_agentinteraction (created_at)
-- NULL is an answer for which nobody searched.
SELECT
    100.0 * count(*) FILTER (WHERE knowledge_hit) / nullif(count(knowledge_hit), 0) AS value,
    count(knowledge_hit) AS samples
FROM bot_agentinteraction
WHERE created_at >= now() - :window
