"""What the bot counts about itself, as Prometheus reads it."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


class Metrics:
    """One registry and its counters; every process, and every test, has its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.sends = Counter(
            "statthotline_sends",
            "What became of sends, by class: accepted, not_sent, unknown or a fault.",
            ["lane", "outcome"],
            registry=self.registry,
        )
        self.receipts = Counter(
            "statthotline_receipts",
            "Delivery statuses that came in, with the provider's error code.",
            ["lane", "status", "code"],
            registry=self.registry,
        )
        self.unknown = Counter(
            "statthotline_unknown",
            "Sends of unknown outcome: found, resent, or uncertain for good.",
            ["lane", "end"],
            registry=self.registry,
        )
        self.doubles = Counter(
            "statthotline_proven_doubles",
            "Messages that left twice: callbacks came for two attempts. The target is 0.",
            ["lane"],
            registry=self.registry,
        )
        self.skipped = Counter(
            "statthotline_skipped",
            "Messages that were claimed and not sent: opted out, stale, cancelled or put off.",
            ["lane"],
            registry=self.registry,
        )
        self.tokens = Counter(
            "statthotline_tokens",
            "Lane tokens (by SMS: segments) of what was accepted.",
            ["lane"],
            registry=self.registry,
        )
        self.paused = Gauge(
            "statthotline_lane_paused",
            "1 while a lane stands still because of our account, sender or a refusal to serve.",
            ["lane"],
            registry=self.registry,
        )
        self.filtered = Gauge(
            "statthotline_filtered_share",
            "The share of the last thousand messages that carriers filtered as unwanted.",
            ["lane"],
            registry=self.registry,
        )
        self.lag = Gauge(
            "statthotline_lane_lag_seconds",
            "How long the oldest message that could leave has been waiting.",
            ["lane"],
            registry=self.registry,
        )

        self.feed_age = Gauge(
            "statthotline_feed_age_seconds",
            "How long ago the moment is up to which a feed is complete.",
            ["feed"],
            registry=self.registry,
        )
        self.feed_late = Gauge(
            "statthotline_feed_late",
            "1 while a feed is late; until it has caught up, what it gates is not paid.",
            ["feed"],
            registry=self.registry,
        )

    def exposition(self) -> bytes:
        """Give every figure in Prometheus' text format."""
        return generate_latest(self.registry)
