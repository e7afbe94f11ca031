-- title: How much slower the new code is at the 95th percentile, percent of the old
-- window: 30m
-- index: chat_requests (finished_at)
-- index: chat_requests (started_at)
-- One that is not over after a minute counts with its age. No number while either side has no request that counts.
WITH recent AS (
    SELECT
        migrated IS TRUE AS is_canary,
        greatest(extract(epoch FROM coalesce(finished_at, now()) - started_at)::double precision, 0) AS seconds
    FROM chat_requests
    WHERE started_at IS NOT NULL
        AND (
            finished_at >= now() - :window
            OR (finished_at IS NULL AND started_at >= now() - :window AND started_at < now() - interval '1 minute')
        )
),
sides AS (
    SELECT
        percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE is_canary) AS canary_s,
        percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE NOT is_canary) AS baseline_s,
        least(count(*) FILTER (WHERE is_canary), count(*) FILTER (WHERE NOT is_canary)) AS samples
    FROM recent
)
SELECT
    100.0 * (canary_s / nullif(baseline_s, 0) - 1) AS value,
    samples,
    canary_s,
    baseline_s
FROM sides
