-- title: The database takes writes, which a migration needs
SELECT
    NOT pg_is_in_recovery() AND NOT current_setting('default_transaction_read_only')::boolean AS value,
    current_database() AS database,
    current_setting('server_version') AS version
