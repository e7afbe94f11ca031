-- title: Data that reached another user: what, whose, and who saw it
-- window: 24h
-- index: agent_executions (started_at)
-- index: tool_executions (started_at)
-- index: websocket_events (created_at)
-- index: user_contexts (context_id)
SELECT found.kind, found.owner, found.seen_by, found.id, found.side, found.at
FROM (
    SELECT
        'agent execution' AS kind, owned.user_id AS owner, ran.user_id AS seen_by, ran.execution_id AS id,
        CASE WHEN ran.migrated THEN 'canary' ELSE 'baseline' END AS side, ran.started_at AS at
    FROM agent_executions AS ran
    INNER JOIN LATERAL (
        SELECT user_id FROM user_contexts WHERE context_id = ran.context_id OFFSET 0
    ) AS owned ON true
    WHERE ran.started_at >= now() - :window
    UNION ALL
    SELECT
        'tool result', owned.user_id, ran.user_id, ran.execution_id,
        CASE WHEN ran.migrated THEN 'canary' ELSE 'baseline' END, ran.started_at
    FROM tool_executions AS ran
    INNER JOIN LATERAL (
        SELECT user_id FROM user_contexts WHERE context_id = ran.context_id OFFSET 0
    ) AS owned ON true
    WHERE ran.started_at >= now() - :window
    UNION ALL
    SELECT
        'websocket event', sent.user_id, sent.delivered_to, sent.event_id,
        CASE WHEN sent.migrated THEN 'canary' ELSE 'baseline' END, sent.created_at
    FROM websocket_events AS sent
    WHERE sent.created_at >= now() - :window
) AS found
WHERE found.seen_by <> found.owner
ORDER BY found.at DESC, found.id
LIMIT 50
