-- title: Tool executions recorded, by the hour
-- window: 24h
-- index: user_tool_history (created_at)
SELECT
    date_trunc('hour', created_at) AS hour,
    count(*) AS executions,
    count(*) FILTER (WHERE NOT success) AS failed,
    count(DISTINCT user_id) AS users,
    count(DISTINCT tool_name) AS tools
FROM user_tool_history
WHERE created_at >= now() - :window
GROUP BY 1
ORDER BY 1 DESC
LIMIT 48
