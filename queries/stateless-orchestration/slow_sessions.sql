-- title: Slowest sessions
-- window: 1h
-- index: agent_sessions (created_at)
SELECT
    round(extract(epoch FROM updated_at - created_at)::numeric, 2) AS seconds,
    CASE WHEN lower(metadata ->> 'useStateless') = 'true' THEN 'canary' ELSE 'baseline' END AS side,
    session_id,
    user_id,
    coalesce(workflow_state ->> 'currentStage', '(none)') AS stage,
    status,
    created_at
FROM agent_sessions
WHERE created_at >= now() - :window
    AND updated_at IS NOT NULL
ORDER BY updated_at - created_at DESC, created_at DESC
LIMIT 20
