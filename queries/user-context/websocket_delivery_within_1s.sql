-- title: WebSocket events that were delivered within a second, by track, percent
-- window: 30m
-- index: websocket_events (created_at)
WITH recent AS (
    SELECT
        CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS track,
        coalesce(delivered_at <= created_at + interval '1 second', false) AS is_good
    FROM websocket_events
    WHERE created_at >= now() - :window
        AND (delivered_at IS NOT NULL OR created_at < now() - interval '1 second')
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
