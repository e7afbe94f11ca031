-- title: The history is still there: it has rows, or none was ever written
-- index: user_tool_history (created_at)
SELECT
    EXISTS (SELECT 1 FROM user_tool_history)
        OR pg_stat_get_tuples_inserted('user_tool_history'::regclass) = 0 AS value,
    (SELECT min(created_at) FROM user_tool_history) AS oldest,
    (SELECT max(created_at) FROM user_tool_history) AS newest
