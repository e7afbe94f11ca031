-- title: Duration by stage of the workflow and side, the slowest first
-- window: 1h
-- index: agent_sessions (created_at)
SELECT
    coalesce(workflow_state ->> 'currentStage', '(none)') AS stage,
    CASE WHEN lower(metadata ->> 'useStateless') = 'true' THEN 'canary' ELSE 'baseline' END AS side,
    count(*) AS sessions,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM updated_at - created_at))::numeric, 2)
        AS median_s,
    round(percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM updated_at - created_at))::numeric, 2)
        AS p95_s
FROM agent_sessions
WHERE created_at >= now() - :window
    AND updated_at > created_at
GROUP BY 1, 2
ORDER BY p95_s DESC, stage, side
LIMIT 50
