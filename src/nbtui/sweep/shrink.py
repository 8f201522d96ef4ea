"""A failing command line reduced to the smallest one that still fails in the same way (delta debugging).

Choices are taken out first, then flags of the base command, then numbers of steps become small and values plain. Every
step is judged by a run of the port, so that the result is a measured failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from nbtui.live.door import flags_in
from nbtui.live.flag_table import Flag
from nbtui.sweep.axes import Words

Fails = Callable[[Words], bool]  # whether a command line fails in the same way

_OUTPUTS = "Outputs"
_FEW_FLAGS = 16  # so many are taken out one by one at once
_FEW = ("1", "2", "3")  # steps, domains, cells
_PLAIN_DIGITS = (1, 2, 3)


@dataclass(frozen=True)
class Shrunk:
    """The result, and the number of runs that it took."""

    command: Words
    runs: int


def shrink(command: Words, fails: Fails, most_runs: int, usable: Fails = lambda command: True) -> Shrunk:
    """The smallest command line that ``fails`` as ``command`` does, after at most ``most_runs`` runs.

    ``usable``: whether a command line is worth a run.

    Raises:
        InputError (nbsim): the command line is unusable.
    """
    return _Shrinking(fails, usable, most_runs).run(command)


@dataclass
class _Shrinking:
    fails: Fails
    usable: Fails
    left: int
    runs: int = 0

    def run(self, command: Words) -> Shrunk:
        best = self._reduced(command, _halves) if len(_groups(command)) > _FEW_FLAGS else command
        fewer = self._one_by_one(best)
        while fewer != best:
            best, fewer = fewer, self._one_by_one(fewer)
        for candidates in (_with_few, _with_plain):
            best = self._reduced(best, candidates)
        return Shrunk(best, self.runs)

    def _one_by_one(self, command: Words) -> Words:
        """The command without every flag that it can spare, the last first: choices stand at the end."""
        groups = _groups(command)
        for at in reversed(range(len(groups))):
            fewer = [*groups[:at], *groups[at + 1 :]]
            if self._succeeds(_joined(fewer)):
                groups = fewer
        return _joined(groups)

    def _succeeds(self, candidate: Words) -> bool:
        if self.left <= 0 or not self.usable(candidate):
            return False
        self.left -= 1
        self.runs += 1
        return self.fails(candidate)

    def _reduced(self, command: Words, candidates: Callable[[Words], Iterator[Words]]) -> Words:
        """The command after every successful candidate; the search begins again after each."""
        best, refused = command, set[Words]()
        again = True
        while again:
            again = False
            for candidate in candidates(best):
                if candidate == best or candidate in refused:
                    continue
                if self._succeeds(candidate):
                    best, again = candidate, True
                    break
                refused.add(candidate)
        return best


@dataclass(frozen=True)
class _Group:
    """A flag with its values in a command line."""

    row: Flag
    words: Words


def _groups(command: Sequence[str]) -> list[_Group]:
    return [_Group(row, tuple(command[start:end])) for start, end, row, _ in flags_in(tuple(command))]


def _joined(groups: Sequence[_Group]) -> Words:
    return tuple(word for group in groups for word in group.words)


def _halves(command: Words) -> Iterator[Words]:
    """Without a half, then without a quarter of the flags."""
    groups = _groups(command)
    for parts in (2, 4):
        size = max(1, len(groups) // parts)
        for start in range(0, len(groups), size):
            yield _joined([*groups[:start], *groups[start + size :]])


def _with_few(command: Words) -> Iterator[Words]:
    """A whole number made small."""
    groups = _groups(command)
    for at, group in enumerate(groups):
        if group.row.kind == "int" and len(group.words) == 2 and group.words[1] not in _FEW:
            yield from (_joined(_put(groups, at, (group.words[0], few))) for few in _FEW)


def _with_plain(command: Words) -> Iterator[Words]:
    """Real numbers with fewer digits."""
    groups = _groups(command)
    for at, group in enumerate(groups):
        if group.row.kind != "float":
            continue
        for digits in _PLAIN_DIGITS:
            plain = tuple(_rounded(word, digits) for word in group.words[1:])
            if sum(map(len, plain)) < sum(map(len, group.words[1:])):
                yield _joined(_put(groups, at, (group.words[0], *plain)))


def _put(groups: Sequence[_Group], at: int, words: Words) -> list[_Group]:
    return [*groups[:at], replace(groups[at], words=words), *groups[at + 1 :]]


def _rounded(word: str, digits: int) -> str:
    try:
        return f"{float(word):.{digits}g}"
    except ValueError:
        return word
