"""Every benchmark whose part stands, by its name in bench.json."""

from tests.bench.planning import PLAN
from tests.bench.postgres_relaying import POSTGRES_RELAY
from tests.bench.postgres_timers import POSTGRES_TIMERS
from tests.bench.postgres_turns import POSTGRES_TURN
from tests.bench.previewing import PREVIEW
from tests.bench.relaying import RELAY
from tests.bench.replying import REPLY
from tests.bench.screening import BESIDE_FILM
from tests.bench.sending import SMS, TELEGRAM
from tests.bench.timers import TIMERS
from tests.bench.turns import TURN
from tests.bench.webhook import WEBHOOK
from tests.bench.whole import WHOLE

BENCHMARKS = {
    benchmark.name: benchmark
    for benchmark in (
        TURN,
        POSTGRES_TURN,
        RELAY,
        POSTGRES_RELAY,
        SMS,
        TELEGRAM,
        WEBHOOK,
        PLAN,
        PREVIEW,
        REPLY,
        TIMERS,
        POSTGRES_TIMERS,
        WHOLE,
        BESIDE_FILM,
    )
}
