-- title: Latest answers, for reading the first hundred
-- window: 7d
-- index: bot_agentinteraction (created_at)
SELECT
    created_at,
    tenant_id::text AS tenant,
    conversation_id::text AS conversation,
    round(processing_time_ms / 1000.0, 2) AS seconds,
    round(confidence_score::numeric, 3) AS confidence,
    handoff_triggered,
    error_type,
    estimated_cost AS cost
FROM bot_agentinteraction
WHERE created_at >= now() - :window
ORDER BY created_at DESC
LIMIT 100
