-- title: Median duration of workflows by track, in seconds
-- window: 30m
-- index: workflow_runs (finished_at)
-- A workflow that failed early would look fast, so only those that succeeded are timed.
WITH recent AS (
    SELECT
        CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS track,
        greatest(extract(epoch FROM finished_at - started_at)::double precision, 0) AS measured
    FROM workflow_runs
    WHERE finished_at >= now() - :window
        AND started_at IS NOT NULL
        AND status = 'succeeded'
)
SELECT
    tracks.track,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY recent.measured) AS value,
    count(recent.measured) AS samples
FROM (VALUES ('canary'), ('baseline')) AS tracks (track)
LEFT JOIN recent USING (track)
GROUP BY tracks.track
ORDER BY tracks.track DESC
