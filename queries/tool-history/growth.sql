-- title: Storage that a year of tool executions takes at the present rate, in MB
-- window: 7d
-- index: user_tool_history (created_at)
-- A table younger than the window is measured over its own age.
SELECT
    CASE
        WHEN recent.age_s > 0 AND estimated.rows > 0
            THEN recent.executions / recent.age_s * 365 * 86400
                * pg_total_relation_size(history.oid) / estimated.rows / 1048576
    END AS value,
    recent.executions AS samples
FROM pg_catalog.pg_class AS history
CROSS JOIN LATERAL (
    SELECT greatest(history.reltuples, pg_stat_get_live_tuples(history.oid), 0)::double precision AS rows
) AS estimated
CROSS JOIN (
    SELECT count(*) AS executions, extract(epoch FROM now() - min(created_at))::double precision AS age_s
    FROM user_tool_history
    WHERE created_at >= now() - :window
) AS recent
WHERE history.oid = 'user_tool_history'::regclass
