-- title: User contexts that are open now
-- window: 24h
-- index: user_contexts (created_at)
-- One that was opened before the window and never closed was left behind by a crash.
SELECT count(*) FILTER (WHERE closed_at IS NULL) AS value, count(*) AS opened
FROM user_contexts
WHERE created_at >= now() - :window
