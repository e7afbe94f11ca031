-- title: Sessions and errors by track
-- window: 24h
-- index: agent_sessions (created_at)
WITH recent AS (
    SELECT
        CASE WHEN lower(metadata ->> 'useStateless') = 'true' THEN 'canary' ELSE 'baseline' END AS track,
        status
    FROM agent_sessions
    WHERE created_at >= now() - :window
)
SELECT
    tracks.track,
    count(recent.track) AS total,
    count(*) FILTER (WHERE recent.status = 'error') AS bad
FROM (VALUES ('canary'), ('baseline')) AS tracks (track)
LEFT JOIN recent USING (track)
GROUP BY tracks.track
ORDER BY tracks.track DESC
