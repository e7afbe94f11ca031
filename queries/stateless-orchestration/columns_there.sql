-- title: Every column that the queries of this rollout read is there, of a type that they can read
-- The legacy path has them too, so they do not show that the migration was applied.
-- A timestamp without a time zone is read as UTC.
WITH needed (of_table, name, kind) AS (
    VALUES
        ('agent_sessions', 'session_id', 'any'),
        ('agent_sessions', 'user_id', 'any'),
        ('agent_sessions', 'status', 'text'),
        ('agent_sessions', 'error_message', 'text'),
        ('agent_sessions', 'metadata', 'json'),
        ('agent_sessions', 'workflow_state', 'json'),
        ('agent_sessions', 'created_at', 'timestamp'),
        ('agent_sessions', 'updated_at', 'timestamp')
),
found AS (
    SELECT
        needed.of_table || '.' || needed.name AS name,
        needed.kind,
        format_type(there.atttypid, there.atttypmod) AS type,
        CASE needed.kind
            WHEN 'timestamp' THEN base.oid IN ('timestamp'::regtype, 'timestamptz'::regtype)
            WHEN 'json' THEN base.oid IN ('json'::regtype, 'jsonb'::regtype)
            WHEN 'text' THEN base.typcategory = 'S'
            ELSE base.oid IS NOT NULL
        END AS fits
    FROM needed
    LEFT JOIN pg_catalog.pg_attribute AS there
        ON there.attrelid = to_regclass(needed.of_table) AND there.attname = needed.name AND NOT there.attisdropped
    LEFT JOIN pg_catalog.pg_type AS type ON type.oid = there.atttypid
    LEFT JOIN pg_catalog.pg_type AS base ON base.oid = coalesce(nullif(type.typbasetype, 0), type.oid)
)
SELECT
    bool_and(type IS NOT NULL AND fits) AS are_there,
    coalesce(string_agg(name, ', ' ORDER BY name) FILTER (WHERE type IS NULL), 'none') AS missing,
    coalesce(
        string_agg(name || ' is ' || type || ', not ' || kind, '; ' ORDER BY name) FILTER (WHERE NOT fits), 'none'
    ) AS other_types
FROM found
