-- title: Keys, checks and indexes that the tables of the agent lack
WITH tables AS (
    SELECT name, to_regclass(name) AS id FROM unnest(ARRAY[
        'bot_agentconfiguration', 'bot_knowledgeentry', 'bot_conversationcontext', 'bot_agentinteraction',
        'bot_messagequeue'
    ]) AS named (name)
)
SELECT of_table AS "table", missing
FROM (
    SELECT tables.name AS of_table, 'primary key' AS missing
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
