-- title: Tenants that the legacy system answers
SELECT tenant.id::text AS tenant
FROM tenants_tenant AS tenant
LEFT JOIN tenants_tenantsettings AS settings ON settings.tenant_id = tenant.id
WHERE lower(settings.feature_flags ->> 'ai_agent_enabled') IS DISTINCT FROM 'true'
ORDER BY tenant.id
