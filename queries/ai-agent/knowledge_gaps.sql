-- title: Tenants whose knowledge base is searched in vain
-- window: 24h
-- index: bot_knowledgeentry (tenant_id)
-- index: bot_agentinteraction (created_at)
SELECT
    answer.tenant_id::text AS tenant,
    count(*) FILTER (WHERE NOT answer.knowledge_hit) AS in_vain,
    count(answer.knowledge_hit) AS searches,
    (
        SELECT count(*) FROM bot_knowledgeentry AS entry WHERE entry.tenant_id = answer.tenant_id AND entry.is_active
    ) AS active_entries
FROM bot_agentinteraction AS answer
WHERE answer.created_at >= now() - :window
GROUP BY answer.tenant_id
HAVING count(*) FILTER (WHERE NOT answer.knowledge_hit) > 0
ORDER BY in_vain DESC, tenant
LIMIT 30
