"""The pictures of the sandbox' phones, drawn when somebody looks at them."""

from collections import OrderedDict

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.channels.simulator_screens import Screens
from bot.easel import Easel
from messages.cards import Card

_MOST_KEPT = 40
_HEADERS = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}


def picture_route(screens: Screens, easel: Easel) -> Route:
    """Make the door behind which the picture of a message is."""
    drawn: OrderedDict[Card, bytes] = OrderedDict()

    async def picture(request: Request) -> Response:
        card = screens.card(request.path_params["message"])
        if card is None:
            return PlainTextResponse("This message has no picture.\n", status_code=404)
        if card not in drawn:
            image = await easel.paint(card)
            if image is None:
                return PlainTextResponse("The picture cannot be drawn now.\n", status_code=503)
            drawn[card] = image
        if len(drawn) > _MOST_KEPT:
            drawn.popitem(last=False)
        return Response(drawn[card], headers=_HEADERS, media_type="image/png")

    return Route("/simulator/pictures/{message:int}.png", picture)
