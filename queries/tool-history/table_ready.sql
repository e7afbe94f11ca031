-- title: The table user_tool_history with its columns, of types that the queries can read, and the right to read it
-- A timestamp without a time zone is read as UTC.
WITH history AS (
    SELECT oid FROM pg_catalog.pg_class WHERE oid = to_regclass('user_tool_history') AND relkind IN ('r', 'p')
),
needed (name, kind, place) AS (
    VALUES
        ('id', 'any', 1),
        ('user_id', 'any', 2),
        ('tool_name', 'text', 3),
        ('success', 'boolean', 4),
        ('execution_time_ms', 'number', 5),
        ('error_message', 'text', 6),
        ('user_satisfaction', 'number', 7),
        ('preference_score', 'number', 8),
        ('created_at', 'timestamp', 9)
),
found AS (
    SELECT
        needed.*,
        format_type(there.atttypid, there.atttypmod) AS type,
        CASE needed.kind
            WHEN 'timestamp' THEN base.oid IN ('timestamp'::regtype, 'timestamptz'::regtype)
            WHEN 'boolean' THEN base.typcategory = 'B'
            WHEN 'number' THEN base.typcategory = 'N' AND base.oid <> 'money'::regtype
            WHEN 'text' THEN base.typcategory = 'S'
            ELSE base.oid IS NOT NULL
        END AS fits
    FROM needed
    LEFT JOIN pg_catalog.pg_attribute AS there
        ON there.attrelid = (SELECT oid FROM history) AND there.attname = needed.name AND NOT there.attisdropped
    LEFT JOIN pg_catalog.pg_type AS type ON type.oid = there.atttypid
    LEFT JOIN pg_catalog.pg_type AS base ON base.oid = coalesce(nullif(type.typbasetype, 0), type.oid)
)
SELECT
    coalesce(has_table_privilege((SELECT oid FROM history), 'SELECT') AND bool_and(fits IS TRUE), false) AS value,
    EXISTS (SELECT 1 FROM history) AS is_there,
    has_table_privilege((SELECT oid FROM history), 'SELECT') AS may_read,
    coalesce(string_agg(name, ', ' ORDER BY place) FILTER (WHERE type IS NULL), 'none') AS missing_columns,
    coalesce(
        string_agg(name || ' is ' || type || ', not ' || kind, '; ' ORDER BY place) FILTER (WHERE NOT fits), 'none'
    ) AS other_types
FROM found
