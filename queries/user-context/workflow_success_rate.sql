-- title: Workflows that succeeded, by track, percent
-- window: 30m
-- index: workflow_runs (started_at)
-- One that is not over after five minutes has failed.
WITH recent AS (
    SELECT
        CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS track,
        coalesce(status = 'succeeded', false) AS is_good
    FROM workflow_runs
    WHERE started_at >= now() - :window
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
