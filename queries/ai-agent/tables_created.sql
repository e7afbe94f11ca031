-- title: The five tables of the agent are there, with every column that is read here, of a type that can be read
-- A timestamp without a time zone is read as UTC.
WITH needed (of_table, name, kind) AS (
    VALUES
        ('bot_agentconfiguration', 'tenant_id', 'any'),
        ('bot_knowledgeentry', 'tenant_id', 'any'),
        ('bot_knowledgeentry', 'is_active', 'boolean'),
        ('bot_conversationcontext', 'conversation_id', 'any'),
        ('bot_agentinteraction', 'tenant_id', 'any'),
        ('bot_agentinteraction', 'conversation_id', 'any'),
        ('bot_agentinteraction', 'created_at', 'timestamp'),
        ('bot_agentinteraction', 'processing_time_ms', 'number'),
        ('bot_agentinteraction', 'database_time_ms', 'number'),
        ('bot_agentinteraction', 'model_used', 'text'),
        ('bot_agentinteraction', 'confidence_score', 'number'),
        ('bot_agentinteraction', 'handoff_triggered', 'boolean'),
        ('bot_agentinteraction', 'handoff_reason', 'text'),
        ('bot_agentinteraction', 'knowledge_hit', 'boolean'),
        ('bot_agentinteraction', 'token_usage', 'jsonb'),
        ('bot_agentinteraction', 'estimated_cost', 'number'),
        ('bot_agentinteraction', 'customer_rating', 'number'),
        ('bot_agentinteraction', 'error_type', 'text'),
        ('bot_agentinteraction', 'error_message', 'text'),
        ('bot_messagequeue', 'conversation_id', 'any'),
        ('bot_messagequeue', 'status', 'text'),
        ('bot_messagequeue', 'created_at', 'timestamp')
),
found AS (
    SELECT
        needed.of_table || '.' || needed.name AS name,
        needed.kind,
        format_type(there.atttypid, there.atttypmod) AS type,
        CASE needed.kind
            WHEN 'timestamp' THEN base.oid IN ('timestamp'::regtype, 'timestamptz'::regtype)
            WHEN 'jsonb' THEN base.oid = 'jsonb'::regtype
            WHEN 'boolean' THEN base.typcategory = 'B'
            WHEN 'number' THEN base.typcategory = 'N' AND base.oid <> 'money'::regtype
            WHEN 'text' THEN base.typcategory = 'S'
            ELSE base.oid IS NOT NULL
        END AS fits
    FROM needed
    LEFT JOIN pg_catalog.pg_attribute AS there
        ON there.attrelid = to_regclass(needed.of_table) AND there.attname = needed.name AND NOT there.attisdropped
    LEFT JOIN pg_catalog.pg_type AS type ON type.oid = there.atttypid
    LEFT JOIN pg_catalog.pg_type AS base ON base.oid = coalesce(nullif(type.typbasetype, 0), type.oid)
)
SELECT
    bool_and(type IS NOT NULL AND fits) AS are_created,
    coalesce(string_agg(name, ', ' ORDER BY name) FILTER (WHERE type IS NULL), 'none') AS missing,
    coalesce(
        string_agg(name || ' is ' || type || ', not ' || kind, '; ' ORDER BY name) FILTER (WHERE NOT fits), 'none'
    ) AS other_types
FROM found
