"""The keys of which a metric, a source or a question to Redis has exactly one; light: rollout files need them."""

METRIC_KINDS = ("events", "quantile", "query", "redis", "http", "container", "command")
REDIS_KINDS = ("ping", "scan", "count", "info", "persistence", "saved", "llen", "size", "latency")
SOURCE_KINDS = ("docker", "file", "command", "postgres", "redis")
