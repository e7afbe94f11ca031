-- title: User contexts that hold the most memory
-- window: 1h
-- index: user_contexts (created_at)
SELECT
    round(memory_bytes / 1000000.0, 1) AS mb,
    CASE WHEN migrated THEN 'canary' ELSE 'baseline' END AS side,
    context_id,
    user_id,
    validation,
    created_at,
    closed_at
FROM user_contexts
WHERE created_at >= now() - :window
    AND memory_bytes IS NOT NULL
ORDER BY memory_bytes DESC, created_at DESC
LIMIT 20
