-- title: Connections of the database server in use, percent of those it takes
-- pg_stat_database may be read by every role; pg_stat_activity hides what others do.
SELECT
    100.0 * sum(numbackends) / current_setting('max_connections')::integer AS value,
    sum(numbackends)::bigint AS in_use,
    current_setting('max_connections')::integer AS most
FROM pg_stat_database
