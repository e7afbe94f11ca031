-- title: What the router has learned: the tools it prefers, for how many users
-- window: 7d
-- index: user_tool_history (created_at)
SELECT
    coalesce(nullif(left(tool_name, 80), ''), '(no name)') AS tool,
    count(DISTINCT user_id) AS users,
    count(*) AS executions,
    round(avg(preference_score)::numeric, 2) AS mean_preference,
    round(100.0 * count(*) FILTER (WHERE success) / nullif(count(success), 0), 1) AS success_percent
FROM user_tool_history
WHERE created_at >= now() - :window
    AND preference_score IS NOT NULL
GROUP BY 1
ORDER BY mean_preference DESC, executions DESC, tool
LIMIT 20
