-- title: Mean memory of a user context by track, in MB
-- window: 30m
-- index: user_contexts (created_at)
WITH recent AS (
    SELECT
        CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS track,
        memory_bytes
    FROM user_contexts
    WHERE created_at >= now() - :window
        AND memory_bytes IS NOT NULL
)
SELECT
    tracks.track,
    avg(recent.memory_bytes) / 1000000.0 AS value,
    count(recent.memory_bytes) AS samples
FROM (VALUES ('canary'), ('baseline')) AS tracks (track)
LEFT JOIN recent USING (track)
GROUP BY tracks.track
ORDER BY tracks.track DESC
