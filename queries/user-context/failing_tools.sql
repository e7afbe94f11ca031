-- title: Tools by how often they fail
-- window: 24h
-- index: tool_executions (started_at)
SELECT
    coalesce(tool, '(no name)') AS tool,
    count(*) AS executions,
    count(*) FILTER (WHERE status IN ('failed', 'dispatch_failed')) AS failed,
    count(*) FILTER (WHERE permitted IS FALSE) AS not_permitted,
    count(*) FILTER (WHERE permitted IS FALSE AND status = 'succeeded') AS ran_all_the_same,
    count(*) FILTER (WHERE migrated) AS canary
FROM tool_executions
WHERE started_at >= now() - :window
GROUP BY 1
ORDER BY failed DESC, ran_all_the_same DESC, executions DESC, 1
LIMIT 20
