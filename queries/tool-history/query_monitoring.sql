-- title: Slow queries are noticed: pg_stat_statements is installed, or the server logs what takes long
SELECT
    EXISTS (SELECT 1 FROM pg_catalog.pg_extension WHERE extname = 'pg_stat_statements')
        OR current_setting('log_min_duration_statement') <> '-1' AS value,
    current_setting('log_min_duration_statement') AS logs_from
