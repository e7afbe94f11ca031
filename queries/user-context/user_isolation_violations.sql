-- title: Data of one user that reached another, on either side
-- window: 24h
-- index: agent_executions (started_at)
-- index: tool_executions (started_at)
-- index: websocket_events (created_at)
-- index: user_contexts (context_id)
-- An execution in a context belongs to the context's user, and an event to the user it was made for. Rows of which
-- either user is not known prove nothing and are no sample. Both sides are counted together: a leak is one, wherever it is.
-- Each context is looked up by its key, because reading all contexts that ever were takes long; OFFSET 0 keeps it so.
WITH checked AS (
    SELECT 'agent execution' AS kind, ran.migrated, ran.user_id AS seen_by, owned.user_id AS owner
    FROM agent_executions AS ran
    INNER JOIN LATERAL (
        SELECT user_id FROM user_contexts WHERE context_id = ran.context_id OFFSET 0
    ) AS owned ON true
    WHERE ran.started_at >= now() - :window
    UNION ALL
    SELECT 'tool result', ran.migrated, ran.user_id, owned.user_id
    FROM tool_executions AS ran
    INNER JOIN LATERAL (
        SELECT user_id FROM user_contexts WHERE context_id = ran.context_id OFFSET 0
    ) AS owned ON true
    WHERE ran.started_at >= now() - :window
    UNION ALL
    SELECT 'websocket event', sent.migrated, sent.delivered_to, sent.user_id
    FROM websocket_events AS sent
    WHERE sent.created_at >= now() - :window
),
recent AS (
    SELECT
        coalesce(migrated, false) AS is_canary,
        kind,
        owner,
        seen_by <> owner AS is_violation
    FROM checked
    WHERE seen_by IS NOT NULL
        AND owner IS NOT NULL
)
SELECT
    count(*) FILTER (WHERE is_violation) AS value,
    count(*) AS samples,
    left(string_agg(DISTINCT owner::text, ', ') FILTER (WHERE is_violation), 200) AS affected_users,
    string_agg(DISTINCT kind, ', ') FILTER (WHERE is_violation) AS violation_type,
    count(*) FILTER (WHERE is_violation AND is_canary) AS on_canary,
    count(*) FILTER (WHERE is_violation AND NOT is_canary) AS on_baseline
FROM recent
