-- title: AI responses that were generated, by track, percent
-- window: 30m
-- A request without a response yet, or that needs none, is not counted. Index: chat_requests (started_at).
WITH recent AS (
    SELECT
        CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS track,
        coalesce(response_status = 'generated', false) AS is_good
    FROM chat_requests
    WHERE started_at >= now() - :window
        AND response_status IN ('generated', 'failed')
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
