"""The `ketnap` command: what was typed goes to one function, in the language asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from itertools import pairwise
from typing import Annotated

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from infra.settings import BadSettingError, settings
from services.terminal import accounts, operates, province, reads, rebuilding, showcase, writes
from services.terminal.edge import INTERRUPTED, edge
from services.terminal.options import Language
from services.terminal.screen import Screen
from services.terminal.usage import MISUSE
from services.wording import LANGUAGES, known, say

COMMANDS: dict[str, Callable[..., None]] = {
    "demo": showcase.demo,
    "figures": reads.figures,
    "facts": reads.facts,
    "history": reads.history,
    "import": writes.import_,
    "template": writes.template,
    "correct": writes.correct,
    "shred": writes.shred,
    "verify": operates.verify,
    "replay": rebuilding.replay,
    "doctor": operates.doctor,
    "contracts": operates.contracts,
    "up": operates.up,
    "migrate": province.migrate,
    "serve": province.serve,
}
NOUNS: dict[str, dict[str, Callable[..., None]]] = {
    "account": accounts.VERBS,
    "reader": rebuilding.VERBS,
}
"""Commands of a noun and a verb."""


def _version(asked: bool) -> None:  # noqa: FBT001 - as the library calls it
    if asked:
        typer.echo(f"ketnap {version('ketnap')}")
        raise typer.Exit


def _root(  # what the options say is read by main and by the callback
    *,
    show_version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version)
    ] = False,
    lang: Annotated[Language | None, typer.Option("--lang")] = None,
) -> None:
    pass


def command(lang: str) -> TyperGroup:
    """Return the whole command line, its help in a language."""
    app = typer.Typer(
        name="ketnap",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        callback=_root,
    )
    for name, function in COMMANDS.items():
        app.command(name)(function)
    for noun, verbs in NOUNS.items():
        about = typer.Typer(no_args_is_help=True)
        for verb, function in verbs.items():
            about.command(verb)(function)
        app.add_typer(about, name=noun)
    group = typer.main.get_command(app)
    if not isinstance(group, TyperGroup):
        raise TypeError(group)
    group.help = say("help.ketnap", lang)
    _explain("ketnap", group, lang)
    for name, one in group.commands.items():
        _tell(name, one, lang)
    return group


def _tell(name: str, one: object, lang: str) -> None:
    """Give a command its help and its example, and its verbs theirs."""
    if not isinstance(one, TyperCommand | TyperGroup):
        raise TypeError(one)
    one.help = say(f"help.{name}", lang)
    one.short_help = one.help.partition("\n")[0]
    one.epilog = say("help.example", lang) + " " + say(f"help.{name}-example", lang)
    _explain(name, one, lang)
    if isinstance(one, TyperGroup):
        for verb, each in one.commands.items():
            _tell(f"{name}-{verb}", each, lang)


def _explain(name: str, one: TyperCommand | TyperGroup, lang: str) -> None:
    for param in one.params:
        own, shared = f"help.{name}.{param.name}", f"help.option.{param.name}"
        key = own if known(own, lang) else shared
        if isinstance(param, TyperArgument | TyperOption) and known(key, lang):
            param.help = say(key, lang)
        if param.name == "lang":
            param.default = lang


def language(arguments: Sequence[str]) -> str:
    """Return the language asked for, before or after the command; else that of the setting.

    The last one said wins, so that a command's own goes before one for all commands.
    """
    said = [settings().lang]
    for argument, following in pairwise([*arguments, ""]):
        name, _, value = argument.partition("=")
        if name == "--lang":
            said.append(value or following)
    return next((lang for lang in reversed(said) if lang in LANGUAGES), LANGUAGES[0])


def main(arguments: Sequence[str] | None = None) -> None:
    """Do one command and leave with its exit code: 0 well, 1 finding or refusal, 2 misuse."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        lang = language(arguments)
    except BadSettingError as bad:
        Screen().note("broken.setting", setting=str(bad))
        raise SystemExit(MISUSE) from None
    with edge(Screen(lang), as_json="--json" in arguments):
        code = command(lang).main(list(arguments), prog_name="ketnap", standalone_mode=False)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
    raise SystemExit(code or 0)


if __name__ == "__main__":
    main()
