-- title: AI responses that were generated, by track, percent
-- window: 30m
-- index: chat_requests (started_at)
-- A request without a response yet is not counted, but one that is not over after a minute has failed. One that is over
-- without a response needed none.
WITH recent AS (
    SELECT
        CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS track,
        coalesce(response_status = 'generated', false) AS is_good
    FROM chat_requests
    WHERE started_at >= now() - :window
        AND (
            response_status IN ('generated', 'failed')
            OR (response_status IS NULL AND finished_at IS NULL AND started_at < now() - interval '1 minute')
        )
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
