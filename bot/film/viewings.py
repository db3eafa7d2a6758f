"""The viewings: what players report is believed or not, and a film that was watched is an event."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.film.desk import Viewer
from bot.turns.composing import Composition
from bot.turns.house import House
from bot.turns.visits import TurnedVisits
from flows.campaign import Campaign
from flows.events import VideoWatched
from flows.journey import Journey, Stage
from flows.watching import Range, Viewing, begin, report
from messages.film.texts import spoken
from storage.changes import Decision, PutViewing
from storage.memory import Key, Memory
from storage.store import Store

STEP = "video"
_MAY_EARN = (Stage.INVITED, Stage.ASKED, Stage.DECLINED, Stage.WAITING, Stage.MEMBER)


@dataclass(frozen=True, slots=True)
class TurnedViewings:
    """Takes what players and readers report, each in one turn with the event it makes."""

    store: Store
    house: House
    poke: Callable[[], None]

    async def by_token(self, token: str) -> Viewer | None:
        """Tell who watches, by the link to their page; None for whatever is not a valid one."""
        visits = TurnedVisits(self.store, self.house, self.poke)
        visit = await visits.visit(token, with_viewing=True)
        return self._viewer(visit.memory, visit.journey, visit.memory.viewing) if visit else None

    async def played(
        self, customer: str, film: str, duration_ms: int, ranges: tuple[Range, ...]
    ) -> Viewer | None:
        """Take a report of what was played; the first one of a film only starts the clock."""

        def decide(memory: Memory) -> Decision[Viewer | None]:
            now, before = self.house.clock(), memory.viewing
            if before is None or (before.film, before.duration_ms) != (film, duration_ms):
                viewing = begin(customer, film, duration_ms, now)
            else:
                viewing = report(before, ranges, now)
            watched = VideoWatched(at=now, share=viewing.share)
            return self._taken(memory, watched, viewing)

        return await self._turn(customer, decide)

    async def read(self, customer: str) -> Viewer | None:
        """Take that the transcript was read."""

        def decide(memory: Memory) -> Decision[Viewer | None]:
            read = VideoWatched(at=self.house.clock(), share=0.0, has_read_transcript=True)
            return self._taken(memory, read, memory.viewing)

        return await self._turn(customer, decide)

    async def _turn(
        self, customer: str, decide: Callable[[Memory], Decision[Viewer | None]]
    ) -> Viewer | None:
        viewer = await self.store.turn(Key(customer=customer, with_viewing=True), decide)
        if viewer is not None and viewer.has_watched:
            self.poke()
        return viewer

    def _taken(
        self, memory: Memory, event: VideoWatched, viewing: Viewing | None
    ) -> Decision[Viewer | None]:
        """Keep the viewing, and let the journey know once it is enough."""
        if memory.customer is None or memory.journey is None:
            return Decision(None)
        kept = (PutViewing(viewing),) if viewing is not None and viewing != memory.viewing else ()
        if not self._is_news(memory.journey, event):
            return Decision(self._viewer(memory, memory.journey, viewing), kept)
        turn = Composition(self.house, memory, memory.customer, self.house.clock())
        turn.take(event, "film")
        viewer = self._viewer(memory, turn.journey, viewing)
        return Decision(viewer, (*kept, *turn.finish()))

    def _is_news(self, journey: Journey, event: VideoWatched) -> bool:
        """Tell whether the journey does not know yet that the film was watched, and may use it."""
        needed = self._terms(journey).steps.film_share
        is_enough = event.has_read_transcript or event.share >= needed
        return is_enough and journey.stage in _MAY_EARN and not _has_watched(journey)

    def _terms(self, journey: Journey) -> Campaign:
        return self.house.terms.shown(journey)

    def _viewer(
        self, memory: Memory, journey: Journey | None, viewing: Viewing | None
    ) -> Viewer | None:
        if memory.customer is None or journey is None:
            return None
        return Viewer(
            customer=memory.customer.number,
            language=spoken(journey.language),
            terms=self._terms(journey),
            viewing=viewing,
            has_watched=_has_watched(journey),
        )


def _has_watched(journey: Journey) -> bool:
    return journey.has(STEP) or any(reached.step == STEP for reached in journey.early)
