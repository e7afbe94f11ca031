-- title: 95th percentile of the response time by track, in seconds
-- window: 30m
-- index: chat_requests (finished_at)
-- index: chat_requests (started_at)
-- One that is not over after a minute counts with its age: what hangs is slow. One that ended before it began (clocks
-- differ) took no time.
WITH recent AS (
    SELECT
        CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS track,
        greatest(extract(epoch FROM coalesce(finished_at, now()) - started_at)::double precision, 0) AS measured
    FROM chat_requests
    WHERE started_at IS NOT NULL
        AND (
            finished_at >= now() - :window
            OR (finished_at IS NULL AND started_at >= now() - :window AND started_at < now() - interval '1 minute')
        )
)
SELECT
    tracks.track,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY recent.measured) AS value,
    count(recent.measured) AS samples
FROM (VALUES ('canary'), ('baseline')) AS tracks (track)
LEFT JOIN recent USING (track)
GROUP BY tracks.track
ORDER BY tracks.track DESC
