-- title: Agent executions and those that raised an error, by track
-- window: 30m
-- index: agent_executions (started_at)
-- An execution that was repeated until it succeeded raised an error all the same.
WITH recent AS (
    SELECT
        CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS track,
        error IS NOT NULL AS is_bad
    FROM agent_executions
    WHERE started_at >= now() - :window
)
SELECT
    tracks.track,
    count(recent.track) AS total,
    count(*) FILTER (WHERE recent.is_bad) AS bad
FROM (VALUES ('canary'), ('baseline')) AS tracks (track)
LEFT JOIN recent USING (track)
GROUP BY tracks.track
ORDER BY tracks.track DESC
