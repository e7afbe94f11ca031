-- title: Age of the newest row of user_tool_history, in seconds
-- index: user_tool_history (created_at)
-- A clock that is ahead makes a row of the future, which is new. Without any row there is no age.
SELECT
    CASE WHEN newest.at IS NOT NULL THEN greatest(extract(epoch FROM now() - newest.at)::double precision, 0) END AS value,
    (newest.at IS NOT NULL)::integer AS samples
FROM (SELECT max(created_at) AS at FROM user_tool_history) AS newest
