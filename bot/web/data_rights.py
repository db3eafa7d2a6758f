"""Data and erasure on the page: each asks first for a code sent to an address of the customer."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response

from bot.rights.codes import Codes, Door, Sending
from bot.rights.data_rights import DataRights
from bot.turns.visits import Visit
from bot.web.pages import HEADERS, page
from messages.pages import words_of

DATA_ACTS = frozenset(door.value for door in Door)
_SAID = {
    Sending.SENT: "code_sent",
    Sending.TOO_OFTEN: "too_often",
    Sending.NO_WAY: "no_way",
}


@dataclass(frozen=True, slots=True)
class DataDesk:
    """Sends codes, and does what a right one opens."""

    codes: Codes
    rights: DataRights

    async def answer(
        self, visit: Visit, act: str, fields: Mapping[str, str], language: str
    ) -> Response:
        """Answer a form of this part of the page."""
        number = visit.customer.number
        if act not in DATA_ACTS:
            return await self._send(visit, fields.get("door", ""))
        if not await self.codes.redeem(number, Door(act), fields.get("code", "")[:20]):
            return _back("wrong_code", Door(act))
        match Door(act):
            case Door.DATA:
                return await self._hand_out(visit)
            case Door.ERASE:
                await self.rights.erase(number, "page")
                return _erased(visit, language)

    async def _send(self, visit: Visit, wanted: str) -> Response:
        if wanted not in DATA_ACTS:
            return _back("changed")
        sending = await self.codes.send(visit.customer.number, Door(wanted))
        return _back(_SAID[sending], Door(wanted) if sending is Sending.SENT else None)

    async def _hand_out(self, visit: Visit) -> Response:
        export = await self.rights.export(visit.customer.number)
        if export is None:
            return _back("changed")
        saved = {"Content-Disposition": 'attachment; filename="data.zip"'}
        return Response(export.as_zip(), 200, HEADERS | saved, media_type="application/zip")


def _back(said: str, door: Door | None = None) -> Response:
    """Lead back to the page, to where the code is typed in."""
    place = f"&door={door.value}#{door.value}" if door else "#said"
    return RedirectResponse(f"?said={said}{place}", 303, HEADERS)


def _erased(visit: Visit, language: str) -> Response:
    """Say what stays and why, on a page that is shown this once."""
    operator, words = visit.terms.operator, words_of(language)
    facts = {
        "language": language,
        "words": words.words,
        "remains": words.remains,
        "brand": operator.brand,
        "hotline": operator.hotline,
    }
    return page("erased.html", facts)
