-- title: User contexts of the new code, percent of all
-- window: 30m
-- index: user_contexts (created_at)
SELECT
    100.0 * count(*) FILTER (WHERE migrated) / nullif(count(*), 0) AS value,
    count(*) AS samples
FROM user_contexts
WHERE created_at >= now() - :window
