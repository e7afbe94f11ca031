-- title: The table user_tool_history is gone, and so is the migration that made it
SELECT
    to_regclass('user_tool_history') IS NULL
        AND NOT EXISTS (SELECT 1 FROM alembic_version WHERE version_num = 'p2_add_user_tool_history') AS value
