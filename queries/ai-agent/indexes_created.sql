-- title: The tables of the agent have their indexes: none invalid, one for each foreign key, one for the time of answers
WITH tables AS (
    SELECT to_regclass(name) AS id FROM unnest(ARRAY[
        'bot_agentconfiguration', 'bot_knowledgeentry', 'bot_conversationcontext', 'bot_agentinteraction',
        'bot_messagequeue'
    ]) AS named (name)
),
indexes AS (
    SELECT index.indrelid AS table_id, index.indkey[0] AS leads_with, index.indisvalid AS is_valid
    FROM pg_index AS index
    INNER JOIN tables ON tables.id = index.indrelid
),
needed AS (
    SELECT conrelid AS table_id, conkey[1] AS leads_with
    FROM pg_constraint
    INNER JOIN tables ON tables.id = conrelid
    WHERE contype = 'f'
    UNION
    SELECT attrelid, attnum
    FROM pg_attribute
    WHERE attrelid = to_regclass('bot_agentinteraction') AND attname = 'created_at' AND NOT attisdropped
)
SELECT
    NOT EXISTS (SELECT 1 FROM tables WHERE id IS NULL)
    AND NOT EXISTS (SELECT 1 FROM indexes WHERE NOT is_valid)
    AND NOT EXISTS (
        SELECT 1
        FROM needed
        WHERE NOT EXISTS (
            SELECT 1 FROM indexes WHERE indexes.table_id = needed.table_id AND indexes.leads_with = needed.leads_with
        )
    )
    AND EXISTS (SELECT 1 FROM needed WHERE table_id = to_regclass('bot_agentinteraction')) AS value
