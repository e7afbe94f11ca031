-- title: Storage of one tool execution with its part of the indexes, in KB
-- Rows are estimated as the planner does, or as the statistics count them: counting a large table takes long.
SELECT
    pg_total_relation_size(history.oid) / 1024.0 / nullif(estimated.rows, 0) AS value,
    estimated.rows AS samples
FROM pg_catalog.pg_class AS history
CROSS JOIN LATERAL (
    SELECT greatest(history.reltuples, pg_stat_get_live_tuples(history.oid), 0)::bigint AS rows
) AS estimated
WHERE history.oid = 'user_tool_history'::regclass
