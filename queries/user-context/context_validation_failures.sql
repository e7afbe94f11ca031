-- title: User contexts and those that failed their validation, by track
-- window: 30m
-- index: user_contexts (created_at)
-- A context that is not validated yet is not counted.
WITH recent AS (
    SELECT
        CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS track,
        validation = 'failed' AS is_bad
    FROM user_contexts
    WHERE created_at >= now() - :window
        AND validation IN ('valid', 'failed')
)
SELECT
    tracks.track,
    count(recent.track) AS total,
    count(*) FILTER (WHERE recent.is_bad) AS bad
FROM (VALUES ('canary'), ('baseline')) AS tracks (track)
LEFT JOIN recent USING (track)
GROUP BY tracks.track
ORDER BY tracks.track DESC
