-- title: Mean satisfaction that users gave, and how many did
-- window: 7d
-- index: user_tool_history (created_at)
SELECT
    avg(user_satisfaction)::double precision AS value,
    count(user_satisfaction) AS samples
FROM user_tool_history
WHERE created_at >= now() - :window
