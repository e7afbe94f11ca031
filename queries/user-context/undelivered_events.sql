-- title: WebSocket events that were not delivered, or late, by kind of event
-- window: 1h
-- index: websocket_events (created_at)
SELECT
    coalesce(event, '(no name)') AS event,
    count(*) AS events,
    count(*) FILTER (WHERE delivered_at IS NULL AND created_at < now() - interval '2 seconds') AS not_delivered,
    count(*) FILTER (WHERE delivered_at > created_at + interval '1 second') AS late,
    count(*) FILTER (WHERE migrated) AS canary
FROM websocket_events
WHERE created_at >= now() - :window
GROUP BY 1
ORDER BY not_delivered DESC, late DESC, events DESC, 1
LIMIT 20
