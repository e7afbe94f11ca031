-- title: Chat requests that were answered from end to end, by track, percent
-- window: 30m
-- index: chat_requests (started_at)
-- One that is not over after a minute has failed; a younger one is not counted yet.
WITH recent AS (
    SELECT
        CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS track,
        coalesce(status = 'completed', false) AS is_good
    FROM chat_requests
    WHERE started_at >= now() - :window
        AND (finished_at IS NOT NULL OR started_at < now() - interval '1 minute')
)
SELECT
    tracks.track,
    100.0 * count(*) FILTER (WHERE recent.is_good) / nullif(count(recent.track), 0) AS value,
    count(recent.track) AS samples,
    count(*) FILTER (WHERE NOT recent.is_good) AS failed
FROM (VALUES ('canary'), ('baseline')) AS tracks (track)
LEFT JOIN recent USING (track)
GROUP BY tracks.track
ORDER BY tracks.track DESC
