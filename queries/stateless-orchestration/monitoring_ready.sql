-- title: There are sessions of the last day to be judged, with all that the monitoring queries read
-- window: 24h
-- index: agent_sessions (created_at)
SELECT
    count(*) FILTER (WHERE session_id IS NOT NULL AND status IS NOT NULL) > 0
        AND count(*) FILTER (WHERE updated_at <> created_at) > 0 AS value,
    count(*) AS sessions,
    count(*) FILTER (WHERE updated_at IS NULL OR updated_at = created_at) AS without_end,
    count(*) FILTER (WHERE session_id IS NULL) AS without_id
FROM agent_sessions
WHERE created_at >= now() - :window
