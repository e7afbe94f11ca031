"""The keys of which a metric or a source has exactly one; light to import, because rollout files are read by them."""

METRIC_KINDS = ("events", "quantile", "query", "redis", "http", "container", "command")
SOURCE_KINDS = ("docker", "file", "command", "postgres", "redis")
