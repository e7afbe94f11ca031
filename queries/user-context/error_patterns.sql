-- title: Most frequent errors of each component, and on which side they happen
-- window: 1h
-- index: agent_executions (started_at)
-- index: workflow_runs (started_at)
-- index: tool_executions (started_at)
-- index: user_contexts (created_at)
SELECT
    found.component,
    coalesce(nullif(left(found.error, 200), ''), '(no message)') AS error,
    count(*) AS times,
    count(*) FILTER (WHERE found.migrated) AS canary,
    count(*) FILTER (WHERE found.migrated IS NOT TRUE) AS baseline,
    min(found.at) AS first_seen,
    max(found.at) AS last_seen
FROM (
    SELECT 'agent execution' AS component, error, migrated, started_at AS at FROM agent_executions
    WHERE started_at >= now() - :window AND (error IS NOT NULL OR status = 'failed')
    UNION ALL
    SELECT 'workflow', error, migrated, started_at FROM workflow_runs
    WHERE started_at >= now() - :window AND (error IS NOT NULL OR status = 'failed')
    UNION ALL
    SELECT 'tool', error, migrated, started_at FROM tool_executions
    WHERE started_at >= now() - :window AND (error IS NOT NULL OR status IN ('failed', 'dispatch_failed'))
    UNION ALL
    SELECT 'user context', error, migrated, created_at FROM user_contexts
    WHERE created_at >= now() - :window AND (error IS NOT NULL OR validation = 'failed')
) AS found
GROUP BY 1, 2
ORDER BY times DESC, 1, 2
LIMIT 20
