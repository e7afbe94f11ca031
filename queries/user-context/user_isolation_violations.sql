-- title: Data of one user that reached another, by track
-- window: 24h
-- An execution in a context belongs to the context's user, and an event to the user it was made for. Rows of which
-- either user is not known prove nothing and are no sample.
-- Indexes: agent_executions (started_at), tool_executions (started_at), websocket_events (created_at), and the key of
-- user_contexts (context_id).
WITH checked AS (
    SELECT 'agent execution' AS kind, ran.migrated, ran.user_id AS seen_by, owned.user_id AS owner
    FROM agent_executions AS ran
    INNER JOIN user_contexts AS owned USING (context_id)
    WHERE ran.started_at >= now() - :window
    UNION ALL
    SELECT 'tool result', ran.migrated, ran.user_id, owned.user_id
    FROM tool_executions AS ran
    INNER JOIN user_contexts AS owned USING (context_id)
    WHERE ran.started_at >= now() - :window
    UNION ALL
    SELECT 'websocket event', sent.migrated, sent.delivered_to, sent.user_id
    FROM websocket_events AS sent
    WHERE sent.created_at >= now() - :window
),
recent AS (
    SELECT
        CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS track,
        kind,
        owner,
        seen_by <> owner AS is_violation
    FROM checked
    WHERE seen_by IS NOT NULL
        AND owner IS NOT NULL
)
SELECT
    tracks.track,
    count(*) FILTER (WHERE recent.is_violation) AS value,
    count(recent.track) AS samples,
    left(string_agg(DISTINCT recent.owner::text, ', ') FILTER (WHERE recent.is_violation), 200) AS affected_users,
    string_agg(DISTINCT recent.kind, ', ') FILTER (WHERE recent.is_violation) AS violation_type
FROM (VALUES ('canary'), ('baseline')) AS tracks (track)
LEFT JOIN recent USING (track)
GROUP BY tracks.track
ORDER BY tracks.track DESC
