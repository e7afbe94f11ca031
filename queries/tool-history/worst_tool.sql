-- title: The tool that succeeds least, in percent, among those with twenty executions or more
-- window: 24h
-- index: user_tool_history (created_at)
SELECT
    100.0 * count(*) FILTER (WHERE success) / count(success) AS value,
    count(success) AS samples,
    tool_name AS tool
FROM user_tool_history
WHERE created_at >= now() - :window
GROUP BY tool_name
HAVING count(success) >= 20
ORDER BY 1, 2 DESC, 3
LIMIT 1
