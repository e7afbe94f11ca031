-- title: The five tables of the agent are there, with every column that is read here
SELECT count(*) = 0 AS are_created
FROM (
    VALUES
        ('bot_agentconfiguration', ARRAY['tenant_id']),
        ('bot_knowledgeentry', ARRAY['tenant_id', 'is_active']),
        ('bot_conversationcontext', ARRAY['conversation_id']),
        ('bot_agentinteraction', ARRAY[
            'tenant_id', 'conversation_id', 'created_at', 'processing_time_ms', 'database_time_ms', 'model_used',
            'confidence_score', 'handoff_triggered', 'handoff_reason', 'knowledge_hit', 'token_usage',
            'estimated_cost', 'customer_rating', 'error_type', 'error_message'
        ]),
        ('bot_messagequeue', ARRAY['conversation_id', 'status', 'created_at'])
) AS needed (name, columns)
CROSS JOIN unnest(needed.columns) AS wanted (name)
WHERE NOT EXISTS (
    SELECT 1
    FROM pg_attribute AS present
    WHERE present.attrelid = to_regclass(needed.name)
        AND present.attname = wanted.name
        AND present.attnum > 0
        AND NOT present.attisdropped
)
