-- title: Rows of the history that were there when a rollback began
-- window: 1s
-- index: user_tool_history (created_at)
-- Asked before the first step and after the last one, when the window is longer by the time between: the same rows are
-- counted, and none that came since makes up for one that is gone.
SELECT
    count(*) AS value,
    min(created_at) AS oldest,
    max(created_at) AS newest
FROM user_tool_history
WHERE created_at <= now() - :window
