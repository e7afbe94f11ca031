-- title: What the tables of the agent lack
WITH tables AS (
    SELECT name, to_regclass(name) AS id FROM unnest(ARRAY[
        'bot_agentconfiguration', 'bot_knowledgeentry', 'bot_conversationcontext', 'bot_agentinteraction',
        'bot_messagequeue'
    ]) AS named (name)
),
needed (of_table, name, kind) AS (
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
columns AS (
    SELECT
        needed.*,
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
    LEFT JOIN pg_attribute AS there
        ON there.attrelid = to_regclass(needed.of_table) AND there.attname = needed.name AND NOT there.attisdropped
    LEFT JOIN pg_type AS type ON type.oid = there.atttypid
    LEFT JOIN pg_type AS base ON base.oid = coalesce(nullif(type.typbasetype, 0), type.oid)
)
SELECT of_table AS "table", missing
FROM (
    SELECT
        of_table,
        CASE
            WHEN type IS NULL THEN 'column ' || name
            ELSE name || ' of a type other than ' || kind || ': ' || type
        END AS missing
    FROM columns
    WHERE type IS NULL OR NOT fits
    UNION ALL
    SELECT tables.name, 'primary key'
    FROM tables
    WHERE NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = tables.id AND contype = 'p')
    UNION ALL
    SELECT tables.name, 'foreign key'
    FROM tables
    WHERE NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = tables.id AND contype = 'f')
    UNION ALL
    SELECT tables.name, 'check of the rows for ' || conname
    FROM tables
    INNER JOIN pg_constraint ON conrelid = tables.id
    WHERE NOT convalidated
    UNION ALL
    SELECT tables.name, 'index that is valid in place of ' || indexrelid::regclass
    FROM tables
    INNER JOIN pg_index ON indrelid = tables.id
    WHERE NOT indisvalid
    UNION ALL
    SELECT tables.name, 'index on ' || attname
    FROM tables
    INNER JOIN pg_attribute AS present ON present.attrelid = tables.id AND attnum > 0 AND NOT attisdropped
    WHERE (
        (tables.name = 'bot_agentinteraction' AND attname = 'created_at')
        OR EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = tables.id AND contype = 'f' AND conkey[1] = attnum)
    )
    AND NOT EXISTS (SELECT 1 FROM pg_index WHERE indrelid = tables.id AND indkey[0] = attnum AND indisvalid)
) AS gaps
ORDER BY of_table, missing
