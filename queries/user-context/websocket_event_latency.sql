-- title: 95th percentile of the time from a WebSocket event to its delivery by track, in milliseconds
-- window: 30m
-- index: websocket_events (created_at)
WITH recent AS (
    SELECT
        CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS track,
        greatest(extract(epoch FROM delivered_at - created_at)::double precision * 1000, 0) AS measured
    FROM websocket_events
    WHERE created_at >= now() - :window
        AND delivered_at IS NOT NULL
)
SELECT
    tracks.track,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY recent.measured) AS value,
    count(recent.measured) AS samples
FROM (VALUES ('canary'), ('baseline')) AS tracks (track)
LEFT JOIN recent USING (track)
GROUP BY tracks.track
ORDER BY tracks.track DESC
