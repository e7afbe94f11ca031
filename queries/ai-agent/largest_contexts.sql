-- title: Conversations that use the most tokens
-- window: 24h
-- index: bot_agentinteraction (created_at)
SELECT
    answers.conversation_id::text AS conversation,
    answers.tenant_id::text AS tenant,
    count(*) AS answers,
    sum(answers.tokens) AS tokens,
    max(answers.tokens) AS largest_answer,
    round(sum(answers.estimated_cost)::numeric, 4) AS cost
FROM (
    SELECT
        conversation_id,
        tenant_id,
        estimated_cost,
        CASE
            WHEN jsonb_typeof(token_usage -> 'total_tokens') = 'number'
                THEN (token_usage ->> 'total_tokens')::numeric
        END AS tokens
    FROM bot_agentinteraction
    WHERE created_at >= now() - :window
) AS answers
GROUP BY answers.conversation_id, answers.tenant_id
ORDER BY tokens DESC NULLS LAST, conversation
LIMIT 20
