-- title: Sessions that more than one user was seen in
-- window: 24h
-- index: agent_sessions (created_at)
SELECT
    count(*) FILTER (WHERE checked.users > 1) AS value,
    count(*) AS samples
FROM (
    SELECT count(DISTINCT user_id) AS users
    FROM agent_sessions
    WHERE created_at >= now() - :window
        AND session_id IS NOT NULL
    GROUP BY session_id
) AS checked
