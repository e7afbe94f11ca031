-- title: Every column that the new orchestration and these queries need is there
SELECT count(*) = 0 AS is_applied
FROM (
    VALUES ('session_id'), ('user_id'), ('status'), ('error_message'), ('metadata'), ('workflow_state'),
        ('created_at'), ('updated_at')
) AS needed (name)
WHERE NOT EXISTS (
    SELECT 1
    FROM information_schema.columns AS present
    WHERE present.table_schema = ANY (current_schemas(false))
        AND present.table_name = 'agent_sessions'
        AND present.column_name = needed.name
)
