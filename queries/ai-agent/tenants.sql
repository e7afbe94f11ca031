-- title: Tenants with the agent: answers, failures, handoffs and cost of the last hour
-- window: 1h
-- index: bot_agentinteraction (created_at)
SELECT
    settings.tenant_id::text AS tenant,
    count(answer.tenant_id) AS answers,
    count(answer.tenant_id) FILTER (WHERE answer.error_type <> '') AS failed,
    count(DISTINCT answer.conversation_id) FILTER (WHERE answer.handoff_triggered) AS handed_off,
    round(avg(answer.confidence_score)::numeric, 3) AS confidence,
    round(sum(answer.estimated_cost)::numeric, 4) AS cost
FROM tenants_tenantsettings AS settings
LEFT JOIN bot_agentinteraction AS answer
    ON answer.tenant_id = settings.tenant_id AND answer.created_at >= now() - :window
WHERE lower(settings.feature_flags ->> 'ai_agent_enabled') = 'true'
GROUP BY settings.tenant_id
ORDER BY failed DESC, answers DESC, settings.tenant_id
LIMIT 50
