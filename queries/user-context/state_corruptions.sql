-- title: Workflows whose state was found corrupt, by track
-- window: 24h
-- index: workflow_runs (started_at)
WITH recent AS (
    SELECT
        CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS track,
        NOT state_consistent AS is_bad
    FROM workflow_runs
    WHERE started_at >= now() - :window
        AND state_consistent IS NOT NULL
)
SELECT
    tracks.track,
    count(*) FILTER (WHERE recent.is_bad) AS value,
    count(recent.track) AS samples
FROM (VALUES ('canary'), ('baseline')) AS tracks (track)
LEFT JOIN recent USING (track)
GROUP BY tracks.track
ORDER BY tracks.track DESC
