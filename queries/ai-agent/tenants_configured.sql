-- title: Every tenant with the agent has a configuration of it; nothing is configured while no tenant has the agent
SELECT
    count(*) > 0 AND count(*) = count(configuration.tenant_id) AS are_configured,
    count(*) AS with_agent,
    coalesce(
        left(string_agg(settings.tenant_id::text, ', ' ORDER BY settings.tenant_id)
            FILTER (WHERE configuration.tenant_id IS NULL), 200),
        'none'
    ) AS without_configuration
FROM tenants_tenantsettings AS settings
LEFT JOIN (SELECT DISTINCT tenant_id FROM bot_agentconfiguration) AS configuration USING (tenant_id)
WHERE lower(settings.feature_flags ->> 'ai_agent_enabled') = 'true'
