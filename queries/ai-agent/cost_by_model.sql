-- title: Cost and tokens by model
-- window: 24h
-- index: bot_agentinteraction (created_at)
SELECT
    coalesce(nullif(model_used, ''), '(no model)') AS model,
    count(*) AS answers,
    round(sum(estimated_cost)::numeric, 4) AS cost,
    round(avg(estimated_cost)::numeric, 6) AS cost_of_an_answer,
    count(*) - count(estimated_cost) AS without_cost,
    round(avg(CASE
        WHEN jsonb_typeof(token_usage -> 'total_tokens') = 'number' THEN (token_usage ->> 'total_tokens')::numeric
    END)) AS tokens_of_an_answer
FROM bot_agentinteraction
WHERE created_at >= now() - :window
GROUP BY 1
ORDER BY cost DESC NULLS LAST, model
LIMIT 30
