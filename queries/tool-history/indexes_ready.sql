-- title: The six indexes of user_tool_history are there and valid
-- An index is invalid while it is built, and for ever after CREATE INDEX CONCURRENTLY failed.
WITH needed AS (
    SELECT 'idx_user_tool_history_' || ending AS name
    FROM unnest(ARRAY['user_id', 'tool_name', 'success', 'created_at', 'user_created', 'metrics']) AS ending
),
found AS (
    SELECT
        named.relname AS name,
        built.indisvalid AND built.indisready AND built.indislive AS is_usable
    FROM pg_catalog.pg_index AS built
    JOIN pg_catalog.pg_class AS named ON named.oid = built.indexrelid
    WHERE built.indrelid = to_regclass('user_tool_history')
)
SELECT
    count(*) FILTER (WHERE found.is_usable) = count(*) AS value,
    count(*) FILTER (WHERE found.is_usable) AS usable,
    coalesce(string_agg(needed.name, ', ' ORDER BY needed.name) FILTER (WHERE found.name IS NULL), 'none') AS missing,
    coalesce(string_agg(needed.name, ', ' ORDER BY needed.name) FILTER (WHERE NOT found.is_usable), 'none') AS invalid
FROM needed
LEFT JOIN found USING (name)
