-- title: Mean number of tokens of a conversation
-- window: 24h
-- index: bot_agentinteraction (created_at)
-- A conversation with an answer whose tokens are not known is left out.
SELECT
    avg(conversations.tokens) AS value,
    count(*) AS samples
FROM (
    SELECT sum(answers.tokens) AS tokens
    FROM (
        SELECT
            conversation_id,
            CASE
                WHEN jsonb_typeof(token_usage -> 'total_tokens') = 'number'
                    THEN (token_usage ->> 'total_tokens')::numeric
            END AS tokens
        FROM bot_agentinteraction
        WHERE created_at >= now() - :window
            AND conversation_id IS NOT NULL
    ) AS answers
    GROUP BY answers.conversation_id
    HAVING count(*) = count(answers.tokens)
) AS conversations
