-- title: Messages of the last week that wait to be answered, by status
-- window: 7d
-- index: bot_messagequeue (created_at)
SELECT
    coalesce(status, '(none)') AS status,
    count(*) AS messages,
    count(DISTINCT conversation_id) AS conversations,
    max(now() - created_at) AS oldest
FROM bot_messagequeue
WHERE created_at >= now() - :window
    AND (status IS NULL OR status NOT IN ('processed', 'done'))
GROUP BY 1
ORDER BY messages DESC, status
LIMIT 30
