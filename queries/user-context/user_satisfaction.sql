-- title: Mean rating that users gave to answers, 1 to 5, by track
-- window: 24h
-- index: chat_requests (started_at)
WITH recent AS (
    SELECT CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS track, rating
    FROM chat_requests
    WHERE started_at >= now() - :window
        AND rating IS NOT NULL
)
SELECT tracks.track, avg(recent.rating) AS value, count(recent.rating) AS samples
FROM (VALUES ('canary'), ('baseline')) AS tracks (track)
LEFT JOIN recent USING (track)
GROUP BY tracks.track
ORDER BY tracks.track DESC
