-- title: Tenants that the agent answers, those with the most failures of the last hour first
-- index: bot_agentinteraction (created_at)
SELECT
    settings.tenant_id::text AS tenant,
    count(answer.tenant_id) AS answers,
    count(answer.tenant_id) FILTER (WHERE answer.error_type <> '') AS failed
FROM tenants_tenantsettings AS settings
LEFT JOIN bot_agentinteraction AS answer
    ON answer.tenant_id = settings.tenant_id AND answer.created_at >= now() - interval '1 hour'
WHERE lower(settings.feature_flags ->> 'ai_agent_enabled') = 'true'
GROUP BY settings.tenant_id
ORDER BY failed DESC, settings.tenant_id
