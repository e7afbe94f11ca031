-- title: Slowest chat requests
-- window: 1h
-- index: chat_requests (started_at)
-- Also those that are not over after a minute, with their age.
SELECT
    round(extract(epoch FROM coalesce(finished_at, now()) - started_at)::numeric, 2) AS seconds,
    CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS side,
    request_id,
    user_id,
    status,
    started_at
FROM chat_requests
WHERE started_at >= now() - :window
    AND (finished_at IS NOT NULL OR started_at < now() - interval '1 minute')
ORDER BY coalesce(finished_at, now()) - started_at DESC, started_at DESC
LIMIT 20
