-- title: Slowest answers: model, size of the context, and how much of it was the database
-- window: 1h
-- index: bot_agentinteraction (created_at)
SELECT
    round(processing_time_ms / 1000.0, 2) AS seconds,
    database_time_ms,
    model_used AS model,
    token_usage ->> 'prompt_tokens' AS context_tokens,
    token_usage ->> 'completion_tokens' AS answer_tokens,
    tenant_id::text AS tenant,
    conversation_id::text AS conversation,
    error_type,
    created_at
FROM bot_agentinteraction
WHERE created_at >= now() - :window
    AND processing_time_ms IS NOT NULL
ORDER BY processing_time_ms DESC, created_at DESC
LIMIT 20
