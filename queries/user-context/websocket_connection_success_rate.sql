-- title: WebSocket connections that were established, by track, percent
-- window: 30m
-- index: websocket_connections (opened_at)
WITH recent AS (
    SELECT
        CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS track,
        coalesce(status = 'connected', false) AS is_good
    FROM websocket_connections
    WHERE opened_at >= now() - :window
        AND status IN ('connected', 'failed')
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
