"""What Twilio's answers mean: one table from error codes to outcomes, one ladder of statuses."""

from datetime import timedelta

from bot.channels.channel import Fault, NotSent, Refused, Unknown

TOO_MANY = {429, 20429}
REQUEST_FAILED = 20500
REQUEST_TIMEOUT = 408
REDIRECTION, SERVER_FAULT = 3, 5  # hundreds
PAUSE_AFTER_TOO_MANY = timedelta(seconds=1)

# https://www.twilio.com/docs/api/errors; what arrives only in a status callback stands here too.
FAULTS = {
    20003: Fault.ACCOUNT,  # credentials
    20404: Fault.ACCOUNT,  # the account in the path does not exist
    30002: Fault.ACCOUNT,  # suspended
    63001: Fault.ACCOUNT,
    21408: Fault.SENDER,  # region not permitted
    21606: Fault.SENDER,  # not a number of ours
    21608: Fault.SENDER,  # a trial account and an unverified number
    21612: Fault.SENDER,  # no route from this sender
    21657: Fault.SENDER,
    21659: Fault.SENDER,
    21660: Fault.SENDER,
    21661: Fault.SENDER,
    63007: Fault.SENDER,
    21211: Fault.ADDRESS,
    21217: Fault.ADDRESS,
    21265: Fault.ADDRESS,
    21401: Fault.ADDRESS,
    21614: Fault.ADDRESS,  # a landline
    21635: Fault.ADDRESS,  # a landline
    30005: Fault.ADDRESS,  # nobody has this number
    30006: Fault.ADDRESS,  # a landline or an unreachable carrier
    63003: Fault.ADDRESS,
    63024: Fault.ADDRESS,
    21610: Fault.OPTED_OUT,
    30004: Fault.BLOCKED,
    63014: Fault.BLOCKED,
    30007: Fault.CONTENT,  # filtered as unwanted: the same text would be filtered again
    63013: Fault.CONTENT,
    21602: Fault.OURS,  # no body
    21617: Fault.OURS,  # longer than 1600 characters
    21619: Fault.OURS,  # no body
    90007: Fault.OURS,  # validity period out of range
    30003: Fault.LATER,  # the handset is off
    30008: Fault.LATER,  # the carrier does not say why
    30017: Fault.LATER,  # congestion
    30022: Fault.LATER,  # the carrier's rate
    30036: Fault.LATER,  # our own validity period ended; the row's use-by decides
}

# The sender or the service is full, or at an hourly or daily cap: everybody waits, nobody is lost.
CAPS = {
    21611: timedelta(minutes=10),
    30001: timedelta(minutes=10),
    60728: timedelta(hours=1),
    63017: timedelta(hours=1),
    63018: timedelta(minutes=1),
    63038: timedelta(hours=6),
}

SOFT_RETRIES = 2
FEWER_RETRIES = {30008: 1}  # nobody says why, so it hardly gets better

UNCERTAIN = {REQUEST_FAILED, 30410}  # 30410: Twilio itself does not resend, to avoid doubles


def classify(status: int, code: int | None) -> Refused | NotSent | Unknown:
    """Judge an answer other than success by its HTTP status and Twilio's error code.

    Only 429 and a full queue are known not to have been processed; a server's fault may have been
    sent (there is no idempotency key). The code says more than the status, so it is asked first.
    """
    if status in TOO_MANY or code in TOO_MANY:
        return NotSent("too many requests", retry_after=PAUSE_AFTER_TOO_MANY, holds="lane")
    if status // 100 == SERVER_FAULT or status == REQUEST_TIMEOUT or code in UNCERTAIN:
        return Unknown(f"{status}/{code}")
    if code in CAPS:
        return NotSent(f"cap {code}", retry_after=CAPS[code], holds="lane")
    return Refused(FAULTS.get(code or 0, _by_status(status)), str(code or status))


def judge_receipt(code: str | None) -> Fault | None:
    """Tell what a failure reported in a status callback means; None if it says nothing more."""
    if code is None or not code.isascii() or not code.isdecimal():
        return None
    return FAULTS.get(int(code))


def soft_retries(code: str | None) -> int:
    """Tell how often a message may leave again whose failure was reported with this code."""
    if judge_receipt(code) is not Fault.LATER:
        return 0
    return FEWER_RETRIES.get(int(code or 0), SOFT_RETRIES)


def _by_status(status: int) -> Fault:
    if status in {401, 403, 404}:
        return Fault.ACCOUNT
    if status // 100 == REDIRECTION:  # an origin that redirects is a wrong setting
        return Fault.SENDER
    return Fault.OURS


# https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
RANKS = {
    "scheduled": 0,
    "accepted": 1,
    "queued": 2,
    "sending": 3,
    "sent": 4,
    "partially_delivered": 4,
    "delivered": 5,
    "undelivered": 5,
    "failed": 5,
    "canceled": 5,
    "read": 5,
}
UNKNOWN_RANK = -1  # a status that is not known is kept and moves nothing


def rank(status: str) -> int:
    """Give a delivery status its place on the ladder; 5 is final, -1 a word we do not know."""
    return RANKS.get(status, UNKNOWN_RANK)
