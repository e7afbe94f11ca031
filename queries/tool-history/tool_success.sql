-- title: Success and duration of every tool, the least successful first
-- window: 24h
-- index: user_tool_history (created_at)
SELECT
    coalesce(nullif(left(tool_name, 80), ''), '(no name)') AS tool,
    count(*) AS executions,
    round(100.0 * count(*) FILTER (WHERE success) / nullif(count(success), 0), 1) AS success_percent,
    count(*) FILTER (WHERE success IS NULL) AS unknown,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY execution_time_ms) AS median_ms,
    percentile_disc(0.95) WITHIN GROUP (ORDER BY execution_time_ms) AS p95_ms,
    max(created_at) AS last_used
FROM user_tool_history
WHERE created_at >= now() - :window
GROUP BY 1
ORDER BY success_percent NULLS LAST, executions DESC, tool
LIMIT 50
