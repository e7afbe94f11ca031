-- title: Connections to the database by user and state; what others run is only seen with pg_read_all_stats
SELECT
    usename AS "user",
    coalesce(state, '(not shown)') AS state,
    count(*) AS connections,
    max(now() - state_change) AS longest
FROM pg_stat_activity
WHERE datname IS NOT NULL
GROUP BY 1, 2
ORDER BY connections DESC, 1, 2
LIMIT 30
