-- title: Answers with the least confidence
-- window: 24h
-- index: bot_agentinteraction (created_at)
SELECT
    round(confidence_score::numeric, 3) AS confidence,
    tenant_id::text AS tenant,
    conversation_id::text AS conversation,
    model_used AS model,
    knowledge_hit,
    handoff_triggered,
    created_at
FROM bot_agentinteraction
WHERE created_at >= now() - :window
    AND confidence_score IS NOT NULL
ORDER BY confidence_score, created_at DESC
LIMIT 20
