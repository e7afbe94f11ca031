-- title: Messages that wait to be answered, by status
SELECT
    coalesce(status, '(none)') AS status,
    count(*) AS messages,
    count(DISTINCT conversation_id) AS conversations,
    max(now() - created_at) AS oldest
FROM bot_messagequeue
WHERE status IS NULL OR status NOT IN ('processed', 'done')
GROUP BY 1
ORDER BY messages DESC, status
LIMIT 30
