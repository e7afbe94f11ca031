-- title: Every tenant with the agent has a configuration of it
SELECT NOT EXISTS (
    SELECT 1
    FROM tenants_tenantsettings AS settings
    WHERE lower(settings.feature_flags ->> 'ai_agent_enabled') = 'true'
        AND NOT EXISTS (
            SELECT 1 FROM bot_agentconfiguration AS configuration WHERE configuration.tenant_id = settings.tenant_id
        )
) AS are_configured
