-- title: Sessions that more than one user was seen in, with their users
-- window: 24h
-- index: agent_sessions (created_at)
SELECT
    session_id,
    count(DISTINCT user_id) AS users,
    left(string_agg(DISTINCT user_id::text, ', '), 200) AS user_ids,
    count(*) AS requests,
    count(*) FILTER (WHERE lower(metadata ->> 'useStateless') = 'true') AS canary_requests,
    min(created_at) AS first_seen,
    max(updated_at) AS last_seen
FROM agent_sessions
WHERE created_at >= now() - :window
    AND session_id IS NOT NULL
GROUP BY session_id
HAVING min(user_id::text) <> max(user_id::text)
ORDER BY last_seen DESC NULLS LAST
LIMIT 50
