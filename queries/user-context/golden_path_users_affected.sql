-- title: Users with a chat request that failed, by track, percent of those who asked
-- window: 30m
-- index: chat_requests (started_at)
-- One that is not over after a minute has failed; a younger one is not counted yet.
WITH asked AS (
    SELECT
        CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS track,
        user_id,
        bool_or(status IS DISTINCT FROM 'completed') AS is_affected,
        count(*) FILTER (WHERE status IS DISTINCT FROM 'completed') AS failed
    FROM chat_requests
    WHERE started_at >= now() - :window
        AND user_id IS NOT NULL
        AND (finished_at IS NOT NULL OR started_at < now() - interval '1 minute')
    GROUP BY 1, 2
)
SELECT
    tracks.track,
    100.0 * count(*) FILTER (WHERE asked.is_affected) / nullif(count(asked.user_id), 0) AS value,
    count(asked.user_id) AS samples,
    coalesce(sum(asked.failed), 0)::bigint AS failed
FROM (VALUES ('canary'), ('baseline')) AS tracks (track)
LEFT JOIN asked USING (track)
GROUP BY tracks.track
ORDER BY tracks.track DESC
