-- title: Mean cost of a conversation, in dollars
-- window: 24h
-- index: bot_agentinteraction (created_at)
-- A conversation with an answer whose cost is not known has no known cost either.
SELECT
    avg(conversations.cost) AS value,
    count(*) AS samples
FROM (
    SELECT sum(estimated_cost) AS cost
    FROM bot_agentinteraction
    WHERE created_at >= now() - :window
        AND conversation_id IS NOT NULL
    GROUP BY conversation_id
    HAVING count(*) = count(estimated_cost)
) AS conversations
