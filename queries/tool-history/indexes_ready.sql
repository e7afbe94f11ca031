-- title: The six indexes of user_tool_history are there, valid, and on the columns that their names say
-- An index is invalid while it is built, and for ever after CREATE INDEX CONCURRENTLY failed. A longer one that begins
-- with the columns serves as well; one over a part of the rows does not. Which columns the one for metrics has is for
-- the migration to say: any but the key, which is looked up by its own.
WITH needed AS (
    SELECT 'idx_user_tool_history_' || ending AS name, string_to_array(columns, ', ') AS columns
    FROM (
        VALUES
            ('user_id', 'user_id'), ('tool_name', 'tool_name'), ('success', 'success'), ('created_at', 'created_at'),
            ('user_created', 'user_id, created_at'), ('metrics', NULL)
    ) AS said (ending, columns)
),
found AS (
    SELECT
        named.relname AS name,
        built.indisvalid AND built.indisready AND built.indislive AS is_valid,
        built.indpred IS NULL AS is_whole,
        ARRAY(
            SELECT pg_get_indexdef(built.indexrelid, place, false)
            FROM generate_series(1, built.indnkeyatts) AS place
            ORDER BY place
        ) AS columns
    FROM pg_catalog.pg_index AS built
    JOIN pg_catalog.pg_class AS named ON named.oid = built.indexrelid
    WHERE built.indrelid = to_regclass('user_tool_history')
),
compared AS (
    SELECT
        needed.name,
        found.name IS NOT NULL AS is_there,
        found.is_valid,
        found.is_whole AND CASE
            WHEN needed.columns IS NULL THEN found.columns[1] <> 'id'
            ELSE found.columns[1:cardinality(needed.columns)] = needed.columns
        END AS fits,
        needed.name || ' is on ' || array_to_string(found.columns, ', ')
            || CASE WHEN found.is_whole THEN '' ELSE ' of a part of the rows' END AS built_as
    FROM needed
    LEFT JOIN found USING (name)
)
SELECT
    count(*) FILTER (WHERE is_valid AND fits) = count(*) AS value,
    count(*) FILTER (WHERE is_valid AND fits) AS usable,
    coalesce(string_agg(name, ', ' ORDER BY name) FILTER (WHERE NOT is_there), 'none') AS missing,
    coalesce(string_agg(name, ', ' ORDER BY name) FILTER (WHERE NOT is_valid), 'none') AS invalid,
    coalesce(string_agg(built_as, '; ' ORDER BY name) FILTER (WHERE NOT fits), 'none') AS on_other_columns
FROM compared
