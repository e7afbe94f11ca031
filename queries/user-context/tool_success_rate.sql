-- title: Tool executions that succeeded, by track, percent
-- window: 30m
-- index: tool_executions (started_at)
-- One that is not over after five minutes has failed; one that the user may not run is no failure.
WITH recent AS (
    SELECT
        CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS track,
        coalesce(status = 'succeeded', false) AS is_good
    FROM tool_executions
    WHERE started_at >= now() - :window
        AND permitted IS NOT FALSE
        AND (finished_at IS NOT NULL OR started_at < now() - interval '5 minutes')
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
