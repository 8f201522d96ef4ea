"""``nbtui completion``: the completion script of a shell, for nbtui and nbsim."""

from __future__ import annotations

import click

from nbtui.commands.completions import COMPLETION

SHELLS = ("bash", "zsh", "fish")
_INSTALL = {
    "bash": 'eval "$(nbtui completion bash)"  # in ~/.bashrc',
    "zsh": 'eval "$(nbtui completion zsh)"  # in ~/.zshrc, below compinit',
    "fish": "nbtui completion fish > ~/.config/fish/completions/nbtui.fish",
}


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> int:
    """Print the completion script of a shell: subcommands, options, cases and packages; flags of nbsim.

    \b
    bash  eval "$(nbtui completion bash)" in ~/.bashrc
    zsh   eval "$(nbtui completion zsh)" in ~/.zshrc, below compinit
    fish  nbtui completion fish > ~/.config/fish/completions/nbtui.fish
    """
    click.echo(f"# {_INSTALL[shell]}\n{_of_nbtui(shell)}\n{_of_nbsim(shell)}")
    return 0


def _of_nbtui(shell: str) -> str:
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None  # one of SHELLS
    return kind(click.get_current_context().find_root().command, {}, "nbtui", COMPLETION).source().strip()


def _of_nbsim(shell: str) -> str:
    """nbsim has nanoBragg's single-dash flags, which click does not read: a list of words, and files."""
    from nbtui.live.flag_table import flag_words

    flags = flag_words()
    words = " ".join(flags)
    if shell == "bash":
        return f"complete -o default -W '{words}' nbsim"
    if shell == "zsh":
        return f"_nbsim() {{ compadd -- {words}; _files }}\ncompdef _nbsim nbsim"
    return "\n".join(_fish(flag, text) for flag, text in flags.items())


def _fish(flag: str, text: str) -> str:
    spelling = f"-l '{flag[2:]}'" if flag.startswith("--") else f"-o '{flag[1:]}'"
    return f"complete -c nbsim {spelling} -d '{_quoted(text)}'"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
