-- title: None of the six migrations of the agent is applied
SELECT NOT EXISTS (
    SELECT 1
    FROM (
        VALUES
            ('bot', '0003_add_agent_configuration'),
            ('bot', '0004_add_knowledge_entry'),
            ('bot', '0005_add_conversation_context'),
            ('bot', '0006_add_agent_interaction_model'),
            ('bot', '0007_add_message_queue'),
            ('tenants', '0012_add_together_ai_configuration')
    ) AS needed (app, name)
    INNER JOIN django_migrations USING (app, name)
) AS are_reverted
