"""Macros are what the wording's files are made of: how they are compiled, read and called."""

from functools import cache
from types import CodeType
from zoneinfo import ZoneInfo

from babel import Locale
from jinja2 import Environment, StrictUndefined, Template
from jinja2.runtime import Context, Macro
from markupsafe import Markup

from flows.customer import Channel
from messages.manner import Manner


def environment_of(manner: Manner) -> Environment:
    """Give what the macros of one manner live in."""
    environment = Environment(
        autoescape=manner.channel is Channel.TELEGRAM,  # noqa: S701  the one that reads HTML
        undefined=StrictUndefined,
        optimized=False,  # what is compiled for one language must not keep its manner
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.context_class = _Direct
    manner.teach(environment)
    return environment


def macros_of(name: str, source: str, environment: Environment) -> dict[str, Macro]:
    """Give the macros of a file; those whose names begin with an underscore serve the others."""
    code = _compiled(name, source, is_html=bool(environment.autoescape))
    template = Template.from_code(environment, code, environment.make_globals(None))
    return {n: value for n, value in vars(template.module).items() if isinstance(value, Macro)}


@cache
def _compiled(name: str, source: str, *, is_html: bool) -> CodeType:
    """Compile a file once for all campaigns; only the markup is settled here."""
    channel = Channel.TELEGRAM if is_html else Channel.SMS
    manner = Manner(Locale("en"), ZoneInfo("UTC"), channel)
    return environment_of(manner).compile(source, name, name)


class _Direct(Context):
    """Calls a macro that is given all it asks for as the function that it is.

    Jinja finds out anew each time what a callable wants, which is a third of a text's price.
    """

    def call(self, called: object, /, *given: object, **named: object) -> object:
        if not isinstance(called, Macro) or not _takes(called, given, named):
            return super().call(called, *given, **named)  # type: ignore[arg-type]
        text = called._func(*given)  # noqa: SLF001 - what its __call__ comes to
        return Markup(text) if self.eval_ctx.autoescape else text  # noqa: S704 - escaped within


def _takes(macro: Macro, given: tuple[object, ...], named: dict[str, object]) -> bool:
    is_plain = not (macro.catch_varargs or macro.catch_kwargs or macro.caller)
    is_complete = len(given) == len(macro.arguments)
    return is_plain and is_complete and named.keys() <= _LOOPS


_LOOPS = {"_loop_vars", "_block_vars"}  # what Jinja hands on for callables that read the context
