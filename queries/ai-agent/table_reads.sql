-- title: How the tables of the agent are read: whole, or by an index
SELECT
    relname AS "table",
    seq_scan AS read_whole,
    seq_tup_read AS rows_read_whole,
    idx_scan AS read_by_index,
    n_live_tup AS rows_about,
    last_analyze
FROM pg_stat_user_tables
WHERE relname LIKE 'bot\_%'
ORDER BY seq_tup_read DESC NULLS LAST, relname
LIMIT 30
