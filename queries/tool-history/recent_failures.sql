-- title: What fails most, by tool and error
-- window: 24h
-- index: user_tool_history (created_at)
SELECT
    coalesce(nullif(left(tool_name, 80), ''), '(no name)') AS tool,
    coalesce(nullif(left(error_message, 200), ''), '(no message)') AS error,
    count(*) AS failures,
    count(DISTINCT user_id) AS users,
    min(created_at) AS first_seen,
    max(created_at) AS last_seen
FROM user_tool_history
WHERE NOT success
    AND created_at >= now() - :window
GROUP BY 1, 2
ORDER BY failures DESC, tool, error
LIMIT 20
