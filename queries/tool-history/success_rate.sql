-- title: Tool executions that succeeded, in percent
-- window: 24h
-- index: user_tool_history (created_at)
-- An execution whose outcome is not known is neither a success nor a failure.
SELECT
    100.0 * count(*) FILTER (WHERE success) / nullif(count(success), 0) AS value,
    count(success) AS samples
FROM user_tool_history
WHERE created_at >= now() - :window
