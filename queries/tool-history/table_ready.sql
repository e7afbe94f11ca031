-- title: The table user_tool_history with its columns, and the right to read it
WITH history AS (
    SELECT oid FROM pg_catalog.pg_class WHERE oid = to_regclass('user_tool_history') AND relkind IN ('r', 'p')
),
needed AS (
    SELECT *
    FROM unnest(ARRAY[
        'id', 'user_id', 'tool_name', 'success', 'execution_time_ms', 'error_message', 'user_satisfaction',
        'preference_score', 'created_at'
    ]) WITH ORDINALITY AS columns (name, place)
),
missing AS (
    SELECT needed.name, needed.place
    FROM needed
    WHERE NOT EXISTS (
        SELECT 1
        FROM history
        JOIN pg_catalog.pg_attribute AS there ON there.attrelid = history.oid
        WHERE there.attname = needed.name AND NOT there.attisdropped
    )
)
SELECT
    coalesce(has_table_privilege((SELECT oid FROM history), 'SELECT'), false) AND count(*) = 0 AS value,
    EXISTS (SELECT 1 FROM history) AS is_there,
    has_table_privilege((SELECT oid FROM history), 'SELECT') AS may_read,
    coalesce(string_agg(name, ', ' ORDER BY place), 'none') AS missing_columns
FROM missing
