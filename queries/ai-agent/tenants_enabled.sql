-- title: Tenants that the agent answers, in percent
SELECT
    100.0 * count(*) FILTER (WHERE lower(settings.feature_flags ->> 'ai_agent_enabled') = 'true')
    / nullif(count(*), 0) AS value,
    count(*) AS samples
FROM tenants_tenant AS tenant
LEFT JOIN tenants_tenantsettings AS settings ON settings.tenant_id = tenant.id
