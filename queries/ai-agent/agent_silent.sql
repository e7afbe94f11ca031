-- title: The agent is silent: for 20 seconds, and for ten times its usual time between two answers
-- index: bot_agentinteraction (created_at)
-- The usual time is that of its latest 100 answers. Where answers come by chance, one in some 20,000 pauses is as long.
-- Of fewer than ten answers in a week nothing usual is known, and silence shows nothing.
WITH latest AS (
    SELECT created_at
    FROM bot_agentinteraction
    WHERE created_at >= now() - interval '7 days'
    ORDER BY created_at DESC
    LIMIT 100
),

told AS (
    SELECT
        count(*) AS answers,
        extract(EPOCH FROM now() - max(created_at)) AS silent_s,
        greatest(20, 10 * extract(EPOCH FROM max(created_at) - min(created_at)) / nullif(count(*) - 1, 0)) AS shown_by_s
    FROM latest
)

SELECT
    CASE
        WHEN answers < 10 THEN 'not shown: with ' || answers || ' answers in 7 days silence says nothing'
        WHEN silent_s >= shown_by_s THEN 'true'
        ELSE 'not shown: silent for ' || round(silent_s) || ' s, of ' || round(shown_by_s) || ' s that would show it'
    END AS is_silent
FROM told
