-- title: 95th percentile of the duration by track, in seconds
-- window: 24h
-- index: agent_sessions (created_at)
-- A session whose end is not known has no duration: none is written, or it is what it was when the session began, or the
-- status says that it goes on. One that ended before it began (clocks differ) took none.
WITH recent AS (
    SELECT
        CASE WHEN lower(metadata ->> 'useStateless') = 'true' THEN 'canary' ELSE 'baseline' END AS track,
        greatest(extract(epoch FROM updated_at - created_at)::double precision, 0) AS seconds
    FROM agent_sessions
    WHERE created_at >= now() - :window
        AND updated_at <> created_at
        AND coalesce(lower(status), '') NOT IN ('running', 'in_progress', 'active', 'pending', 'open')
)
SELECT
    tracks.track,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY recent.seconds) AS value,
    count(recent.seconds) AS samples,
    round(avg(recent.seconds)::numeric, 2) AS mean_s
FROM (VALUES ('canary'), ('baseline')) AS tracks (track)
LEFT JOIN recent USING (track)
GROUP BY tracks.track
ORDER BY tracks.track DESC
