-- title: Mean satisfaction that users gave, and how many did
-- window: 7d
SELECT
    avg(user_satisfaction)::double precision AS value,
    count(user_satisfaction) AS samples
FROM user_tool_history
WHERE created_at >= now() - :window
