-- title: Age of the oldest row of user_tool_history, in days
-- index: user_tool_history (created_at)
SELECT
    extract(epoch FROM now() - oldest.at)::double precision / 86400 AS value,
    (oldest.at IS NOT NULL)::integer AS samples
FROM (SELECT min(created_at) AS at FROM user_tool_history) AS oldest
