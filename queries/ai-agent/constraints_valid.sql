-- title: Every table of the agent has a primary key, and no constraint that was left unchecked
SELECT
    count(primary_key.oid) = count(*)
    AND NOT EXISTS (
        SELECT 1 FROM pg_constraint WHERE conrelid = ANY (array_agg(tables.id)) AND NOT convalidated
    ) AS are_valid
FROM (
    SELECT to_regclass(name) AS id FROM unnest(ARRAY[
        'bot_agentconfiguration', 'bot_knowledgeentry', 'bot_conversationcontext', 'bot_agentinteraction',
        'bot_messagequeue'
    ]) AS named (name)
) AS tables
LEFT JOIN pg_constraint AS primary_key ON primary_key.conrelid = tables.id AND primary_key.contype = 'p'
