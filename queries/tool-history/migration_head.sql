-- title: The head of the migrations is p2_add_user_tool_history
-- Alembic keeps one row for each head; a second one is a branch that nobody merged.
SELECT
    coalesce(bool_and(version_num = 'p2_add_user_tool_history'), false) AS value,
    coalesce(string_agg(version_num, ', ' ORDER BY version_num), 'none') AS head
FROM alembic_version
