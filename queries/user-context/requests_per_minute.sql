-- title: Chat requests a minute, by track
-- window: 5m
-- index: chat_requests (started_at)
WITH recent AS (
    SELECT CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS track
    FROM chat_requests
    WHERE started_at >= now() - :window
)
SELECT
    tracks.track,
    count(recent.track) * 60.0 / extract(epoch FROM :window)::double precision AS value,
    count(recent.track) AS samples
FROM (VALUES ('canary'), ('baseline')) AS tracks (track)
LEFT JOIN recent USING (track)
GROUP BY tracks.track
ORDER BY tracks.track DESC
