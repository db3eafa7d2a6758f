"""What the topics say in one language by one channel, for the wording and its buttons."""

from dataclasses import dataclass

from flows.campaign import Operator
from flows.customer import Channel
from messages.topics import Topics


@dataclass(frozen=True, slots=True)
class TopicTexts:
    """What the topics say in one language by one channel, for the wording and its buttons."""

    topics: Topics
    language: str
    channel: Channel
    operator: Operator

    def title(self, id_: str) -> str:
        """Give what a topic is called; one that is gone meanwhile by its id."""
        topic = self.topics.known(id_, self.language)
        return topic.title if topic else id_

    def answer(self, id_: str) -> str:
        """Give the answer; of a topic that is gone meanwhile the hotline's number."""
        topic = self.topics.known(id_, self.language)
        return topic.answer(self.channel, self.operator) if topic else self.operator.hotline

    def link(self, id_: str) -> str:
        """Give the topic's place in the portal."""
        topic = self.topics.known(id_, self.language)
        return topic.link(self.operator.portal_url) if topic else self.operator.portal_url
