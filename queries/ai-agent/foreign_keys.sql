-- title: Every table of the agent refers to another one by a foreign key that is checked
SELECT bool_and(EXISTS (
    SELECT 1
    FROM pg_constraint AS reference
    WHERE reference.conrelid = tables.id AND reference.contype = 'f' AND reference.convalidated
)) AS are_established
FROM (
    SELECT to_regclass(name) AS id FROM unnest(ARRAY[
        'bot_agentconfiguration', 'bot_knowledgeentry', 'bot_conversationcontext', 'bot_agentinteraction',
        'bot_messagequeue'
    ]) AS named (name)
) AS tables
