"""The `nextclose` command: its verbs, and how errors end it."""

from __future__ import annotations

import errno
import os
import sys

import typer

from nextclose.cli.bench import bench
from nextclose.cli.data import app as data
from nextclose.cli.evening import evening
from nextclose.cli.explain import explain
from nextclose.cli.export import export
from nextclose.cli.judge import judge
from nextclose.cli.lab import lab
from nextclose.cli.market import app as market
from nextclose.cli.market_predict import predict as market_predict
from nextclose.cli.market_score import score as market_score
from nextclose.cli.market_update import update as market_update
from nextclose.cli.predict import predict
from nextclose.cli.recipes import recipes
from nextclose.cli.run import run
from nextclose.cli.serve import serve
from nextclose.cli.stopping import asked_to_stop, exit_status, listen, told_when_stopped
from nextclose.cli.sweep import sweep
from nextclose.core.errors import NextcloseError
from nextclose.core.lang import LANGS, Lang, say

app = typer.Typer(
    name="nextclose",
    help="Tomorrow's close from daily bars with small recurrent nets, judged against 'tomorrow = today'.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run)
app.command("predict")(predict)
app.command("judge")(judge)
app.command("explain")(explain)
app.command("export")(export)
app.command("sweep")(sweep)
app.command("evening")(evening)
app.command("lab")(lab)
app.command("serve")(serve)
app.command("recipes")(recipes)
app.command("bench")(bench)
app.add_typer(data, name="data")
market.command("update")(market_update)
market.command("predict")(market_predict)
market.command("score")(market_score)
app.add_typer(market, name="market")


def main() -> None:
    """Run the command; exit status 0 done, 1 failed, 2 the input is wrong."""
    lang = _language(sys.argv[1:])
    listen()
    try:
        _run(lang)
    except BaseException:
        # Whatever a Ctrl-C became on its way: typer makes an exit of it, an import that it broke an ImportError.
        if not asked_to_stop():
            raise
        _say(told_when_stopped().render(lang))
        sys.exit(exit_status())


def _run(lang: Lang) -> None:
    try:
        app()
    except NextcloseError as error:
        if asked_to_stop():
            raise
        _say(error.message(lang))
        sys.exit(error.exit_status)
    except BrokenPipeError:
        # The reader of a pipe went away: nothing is left to say to it.
        _close_stdout()
        sys.exit(1)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _close_stdout()
        _say(say("the disk is full: {error}", lang, error=error.strerror))
        sys.exit(1)


def _close_stdout() -> None:
    """What is left in the buffer has nowhere to go."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(message: str) -> None:
    print(f"nextclose: {message}", file=sys.stderr)


def _language(arguments: list[str]) -> Lang:
    """The language asked for, wherever the option stands: an error may come before it is parsed."""
    for option, value in zip(arguments, [*arguments[1:], ""], strict=True):
        wished = option.partition("=")[2] if option.startswith("--lang=") else value
        if option.startswith("--lang") and wished in LANGS:
            return wished
    return "en"
