-- title: Executions whose tool was chosen by a learned preference, in percent
-- window: 24h
-- index: user_tool_history (created_at)
SELECT
    100.0 * count(preference_score) / nullif(count(*), 0) AS value,
    count(*) AS samples
FROM user_tool_history
WHERE created_at >= now() - :window
