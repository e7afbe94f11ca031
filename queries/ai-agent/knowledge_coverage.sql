-- title: Tenants with the agent whose knowledge base has an active entry, in percent
-- index: bot_knowledgeentry (tenant_id)
SELECT
    100.0 * count(*) FILTER (WHERE filled.has_entry) / nullif(count(*), 0) AS value,
    count(*) AS samples
FROM (
    SELECT EXISTS (
        SELECT 1 FROM bot_knowledgeentry AS entry WHERE entry.tenant_id = settings.tenant_id AND entry.is_active
    ) AS has_entry
    FROM tenants_tenantsettings AS settings
    WHERE lower(settings.feature_flags ->> 'ai_agent_enabled') = 'true'
) AS filled
