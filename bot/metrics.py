"""What the bot counts about itself, as Prometheus reads it."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


class Metrics:
    """One registry and its figures; every process, and every test, has its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        # Sending
        self.sends = self._count(
            "sends",
            "What became of sends, by class: accepted, not_sent, unknown or a fault.",
            "lane",
            "outcome",
        )
        self.receipts = self._count(
            "receipts",
            "Delivery statuses that came in, with the provider's error code.",
            "lane",
            "status",
            "code",
        )
        self.unknown = self._count(
            "unknown",
            "Sends of unknown outcome: found, resent, or uncertain for good.",
            "lane",
            "end",
        )
        self.doubles = self._count(
            "proven_doubles",
            "Messages that left twice: callbacks came for two attempts. The target is 0.",
            "lane",
        )
        self.skipped = self._count(
            "skipped",
            "Messages that were claimed and not sent: opted out, stale, cancelled or put off.",
            "lane",
        )
        self.tokens = self._count(
            "tokens", "Lane tokens (by SMS: segments) of what was accepted.", "lane"
        )
        self.paused = self._level(
            "lane_paused",
            "1 while a lane stands still because of our account, sender or a refusal to serve.",
            "lane",
        )
        self.filtered = self._level(
            "filtered_share",
            "The share of the last thousand messages that carriers filtered as unwanted.",
            "lane",
        )
        self.lag = self._level(
            "lane_lag_seconds",
            "How long the oldest message that could leave has been waiting.",
            "lane",
        )
        self.worker_age = self._level(
            "worker_age_seconds", "How long ago a worker of this process last came round.", "worker"
        )
        # The operator's feeds
        self.feed_age = self._level(
            "feed_age_seconds",
            "How long ago the moment is up to which a feed is complete.",
            "feed",
        )
        self.feed_late = self._level(
            "feed_late",
            "1 while a feed is late; until it has caught up, what it gates is not paid.",
            "feed",
        )

    def exposition(self) -> bytes:
        """Give every figure in Prometheus' text format."""
        return generate_latest(self.registry)

    def _count(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"statthotline_{name}", words, labels, registry=self.registry)

    def _level(self, name: str, words: str, *labels: str) -> Gauge:
        return Gauge(f"statthotline_{name}", words, labels, registry=self.registry)
