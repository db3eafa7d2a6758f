"""Puts the managers' chat together over open premises."""

from collections.abc import Mapping
from functools import partial

from bot.channels.channel import Files
from bot.inviting.invitations import AT_A_TIME, Invitations
from bot.inviting.waves import Waves, last_waiting
from bot.office.deciding import Deciding
from bot.office.inviting import Inviting
from bot.office.lifetime import Lifetime
from bot.office.managers import Managers
from bot.office.question_places import OpenTopic, no_topic
from bot.office.question_showing import QuestionShowing
from bot.office.suggestions import Suggesting
from bot.premises import Premises
from bot.setting_values import Role
from bot.workers import Worker


def managers_of(
    premises: Premises, roles: Mapping[str, Role], files: Files | None = None
) -> Managers:
    """Make the managers' chat for these roles by Telegram id; `files` fetches attachments."""
    invitations = Invitations(
        directory=premises.store,
        turns=premises.turns,
        campaign=premises.terms.current,
        clock=premises.clock,
        keys=premises.keys,
        estimate=premises.estimate,
        waiting=partial(last_waiting, premises.store),
        at_a_time=AT_A_TIME // 4,  # the chats and customers are answered in between
    )
    broadcasts = premises.broadcasts
    inviting = Inviting(broadcasts, invitations, waves_of(premises), files)
    return Managers(broadcasts, inviting, Deciding(broadcasts, premises.decisions), roles)


def office_workers(
    premises: Premises, roles: Mapping[str, Role], open_topic: OpenTopic = no_topic
) -> tuple[Worker, ...]:
    """Make what brings questions and suggestions to the managers, and holds what they paused."""
    broadcasts = premises.broadcasts
    showing = QuestionShowing(broadcasts, roles, open_topic)
    waves = waves_of(premises)
    return showing, Suggesting(broadcasts, roles), waves, Lifetime(broadcasts, waves)


def waves_of(premises: Premises) -> Waves:
    """Make what pauses and resumes invitations."""
    return Waves(premises.store, premises.clock, premises.bell.ring, premises.terms)
