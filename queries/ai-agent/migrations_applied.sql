-- title: The six migrations of the agent are applied
SELECT count(applied.app_name) = count(*) AS value
FROM (
    VALUES
        ('bot', '0003_add_agent_configuration'),
        ('bot', '0004_add_knowledge_entry'),
        ('bot', '0005_add_conversation_context'),
        ('bot', '0006_add_agent_interaction_model'),
        ('bot', '0007_add_message_queue'),
        ('tenants', '0012_add_together_ai_configuration')
) AS needed (app, name)
LEFT JOIN (SELECT DISTINCT app, name, app AS app_name FROM django_migrations) AS applied USING (app, name)
