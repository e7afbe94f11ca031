-- title: Every index of user_tool_history, how large it is and how often it was used
SELECT
    named.relname AS index,
    CASE WHEN built.indisvalid AND built.indisready THEN 'valid' ELSE 'INVALID' END AS state,
    pg_size_pretty(pg_relation_size(built.indexrelid)) AS size,
    pg_stat_get_numscans(built.indexrelid) AS scans,
    pg_get_indexdef(built.indexrelid) AS definition
FROM pg_catalog.pg_index AS built
JOIN pg_catalog.pg_class AS named ON named.oid = built.indexrelid
WHERE built.indrelid = to_regclass('user_tool_history')
ORDER BY built.indisvalid, named.relname
