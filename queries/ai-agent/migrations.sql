-- title: The six migrations of the agent
SELECT
    needed.app || '.' || needed.name AS migration,
    max(applied.applied) AS applied
FROM (
    VALUES
        ('bot', '0003_add_agent_configuration'),
        ('bot', '0004_add_knowledge_entry'),
        ('bot', '0005_add_conversation_context'),
        ('bot', '0006_add_agent_interaction_model'),
        ('bot', '0007_add_message_queue'),
        ('tenants', '0012_add_together_ai_configuration')
) AS needed (app, name)
LEFT JOIN django_migrations AS applied USING (app, name)
GROUP BY needed.app, needed.name
ORDER BY needed.app, needed.name
