-- title: Cost by tenant, the dearest first
-- window: 24h
-- index: bot_agentinteraction (created_at)
SELECT
    tenant_id::text AS tenant,
    round(sum(estimated_cost)::numeric, 4) AS cost,
    count(DISTINCT conversation_id) AS conversations,
    count(*) AS answers,
    round(sum(estimated_cost)::numeric / nullif(count(DISTINCT conversation_id), 0), 4) AS cost_of_a_conversation
FROM bot_agentinteraction
WHERE created_at >= now() - :window
GROUP BY tenant_id
ORDER BY cost DESC NULLS LAST, tenant
LIMIT 30
