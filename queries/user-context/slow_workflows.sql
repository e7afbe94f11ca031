-- title: Slowest workflows, with how many agents took part
-- window: 1h
-- index: workflow_runs (started_at)
SELECT
    round(extract(epoch FROM finished_at - started_at)::numeric, 2) AS seconds,
    CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS side,
    run_id,
    user_id,
    agents,
    status,
    started_at
FROM workflow_runs
WHERE started_at >= now() - :window
    AND finished_at IS NOT NULL
ORDER BY finished_at - started_at DESC, started_at DESC
LIMIT 20
