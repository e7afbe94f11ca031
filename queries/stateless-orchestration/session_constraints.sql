-- title: What the database itself forbids about agent_sessions: constraints and unique indexes
SELECT conname AS name, pg_get_constraintdef(oid) AS definition, convalidated AS is_valid
FROM pg_catalog.pg_constraint
WHERE conrelid = to_regclass('agent_sessions')
UNION ALL
SELECT named.relname, pg_get_indexdef(built.indexrelid), built.indisvalid
FROM pg_catalog.pg_index AS built
JOIN pg_catalog.pg_class AS named ON named.oid = built.indexrelid
WHERE built.indrelid = to_regclass('agent_sessions')
    AND built.indisunique
    AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint WHERE conindid = built.indexrelid)
ORDER BY name
LIMIT 50
