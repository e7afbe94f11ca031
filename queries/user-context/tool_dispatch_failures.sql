-- title: Tool executions that the dispatcher could not hand to their tool, by track
-- window: 24h
-- index: tool_executions (started_at)
WITH recent AS (
    SELECT
        CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS track,
        status = 'dispatch_failed' AS is_bad
    FROM tool_executions
    WHERE started_at >= now() - :window
        AND status IS NOT NULL
)
SELECT
    tracks.track,
    count(*) FILTER (WHERE recent.is_bad) AS value,
    count(recent.track) AS samples
FROM (VALUES ('canary'), ('baseline')) AS tracks (track)
LEFT JOIN recent USING (track)
GROUP BY tracks.track
ORDER BY tracks.track DESC
