"""Every benchmark whose part stands, by its name in bench.json."""

from tests.bench.planning import PLAN
from tests.bench.relaying import RELAY
from tests.bench.replying import REPLY
from tests.bench.sending import SMS, TELEGRAM
from tests.bench.timers import TIMERS
from tests.bench.turns import TURN
from tests.bench.webhook import WEBHOOK
from tests.bench.whole import WHOLE

BENCHMARKS = {
    benchmark.name: benchmark
    for benchmark in (TURN, RELAY, SMS, TELEGRAM, WEBHOOK, PLAN, REPLY, TIMERS, WHOLE)
}
