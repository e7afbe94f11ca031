-- title: Why conversations are handed to a person
-- window: 24h
-- index: bot_agentinteraction (created_at)
SELECT
    coalesce(nullif(left(handoff_reason, 120), ''), '(no reason)') AS reason,
    count(DISTINCT conversation_id) AS conversations,
    count(DISTINCT tenant_id) AS tenants,
    round(avg(confidence_score)::numeric, 3) AS confidence,
    max(created_at) AS last_seen
FROM bot_agentinteraction
WHERE handoff_triggered
    AND created_at >= now() - :window
GROUP BY 1
ORDER BY conversations DESC, reason
LIMIT 30
