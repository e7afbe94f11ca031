-- title: Connections to the database in use, in percent of those that the server allows
SELECT
    100.0 * count(*) / current_setting('max_connections')::int AS value,
    count(*) AS connections
FROM pg_stat_activity
WHERE datname IS NOT NULL
