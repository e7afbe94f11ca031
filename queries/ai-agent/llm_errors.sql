-- title: Failures of the model provider by model, and whether that model still answers others
-- window: 1h
-- index: bot_agentinteraction (created_at)
SELECT
    coalesce(nullif(model_used, ''), '(no model)') AS model,
    count(*) FILTER (WHERE lower(error_type) = 'llm') AS failed,
    count(*) AS answers,
    count(DISTINCT tenant_id) FILTER (WHERE lower(error_type) = 'llm') AS tenants,
    max(left(error_message, 200)) FILTER (WHERE lower(error_type) = 'llm') AS a_message,
    max(created_at) FILTER (WHERE lower(error_type) = 'llm') AS last_failed,
    max(created_at) FILTER (WHERE error_type IS NULL OR error_type = '') AS last_answered
FROM bot_agentinteraction
WHERE created_at >= now() - :window
GROUP BY 1
HAVING count(*) FILTER (WHERE lower(error_type) = 'llm') > 0
ORDER BY failed DESC, model
LIMIT 30
