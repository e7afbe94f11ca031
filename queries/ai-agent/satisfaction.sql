-- title: Mean rating by customers, 1 to 5
-- window: 7d
-- index: bot_agentinteraction (created_at)
SELECT
    avg(customer_rating) AS value,
    count(customer_rating) AS samples
FROM bot_agentinteraction
WHERE created_at >= now() - :window
