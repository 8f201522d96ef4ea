"""A failing command line reduced to the smallest one that still fails in the same way (delta debugging).

Flags that only other causes need are taken out first, then choices, then flags of the base command; then numbers of
steps become small and values plain. Every step is judged by a run of the port, so that the result is a measured
failure.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

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


def shrink(
    command: Words,
    fails: Fails,
    most_runs: int,
    usable: Fails = lambda command: True,
    *,
    mixed: Callable[[], bool] = lambda: False,
    purer: Fails = lambda command: False,
) -> Shrunk:
    """The smallest command line that ``fails`` as ``command`` does, after at most ``most_runs`` runs.

    Args:
        usable: whether a command line is worth a run.
        mixed: whether the latest failing command line shows other causes as well.
        purer: whether a command line fails with fewer causes than those before.

    Raises:
        InputError (nbsim): the command line is unusable.
    """
    return _Shrinking(fails, usable, mixed, purer, most_runs).run(command)


@dataclass
class _Shrinking:
    fails: Fails
    usable: Fails
    mixed: Callable[[], bool]
    purer: Fails
    left: int
    runs: int = 0
    refused: set[Words] = field(default_factory=set)

    def run(self, command: Words) -> Shrunk:
        best = self._purified(command)
        best = self._reduced(best, _halves) if len(_groups(best)) > _FEW_FLAGS else best
        fewer = self._one_by_one(best)
        while fewer != best:
            best, fewer = fewer, self._one_by_one(fewer)
        kept = _groups(best)
        for candidates in (_with_few, _with_plain):
            best = self._reduced(best, candidates)
        return Shrunk(self._one_by_one(best, but=kept), self.runs)  # a value may have become the usual one

    def _purified(self, command: Words) -> Words:
        """The command without the flags that only other causes need, by at most half of the runs.

        Taken out later, such a flag often has to stay: the pixel that it moves may be the only one left that differs.
        """
        groups, at, half = _groups(command), 0, self.left // 2
        while at < len(groups) and self.mixed() and self.left > half:
            fewer = [*groups[:at], *groups[at + 1 :]]
            if self._judged(_joined(fewer), self.purer):
                groups = fewer
            else:
                at += 1
        return _joined(groups)

    def _one_by_one(self, command: Words, but: Collection[_Group] = ()) -> Words:
        """The command without every flag that it can spare, the last first: choices stand at the end."""
        groups = _groups(command)
        for at in reversed(range(len(groups))):
            if groups[at] in but:
                continue
            fewer = [*groups[:at], *groups[at + 1 :]]
            if self._succeeds(_joined(fewer)):
                groups = fewer
        return _joined(groups)

    def _succeeds(self, candidate: Words) -> bool:
        if candidate in self.refused:
            return False
        succeeds = self._judged(candidate, self.fails)
        if not succeeds:
            self.refused.add(candidate)
        return succeeds

    def _judged(self, candidate: Words, judge: Fails) -> bool:
        if self.left <= 0 or not self.usable(candidate):
            return False
        self.left -= 1
        self.runs += 1
        return judge(candidate)

    def _reduced(self, command: Words, candidates: Callable[[Words], Iterator[Words]]) -> Words:
        """The command after every successful candidate; the search begins again after each."""
        best, again = command, True
        while again:
            again = False
            for candidate in candidates(best):
                if candidate != best and self._succeeds(candidate):
                    best, again = candidate, True
                    break
        return best


@dataclass(frozen=True)
class _Group:
    """A flag with its values in a command line; words that the C program skips have no ``row``."""

    row: Flag | None
    words: Words


def _groups(command: Sequence[str]) -> list[_Group]:
    groups, at = list[_Group](), 0
    for start, end, row, _ in flags_in(tuple(command)):
        if start > at:
            groups.append(_Group(None, tuple(command[at:start])))
        groups.append(_Group(row, tuple(command[start:end])))
        at = end
    return [*groups, *([_Group(None, tuple(command[at:]))] if at < len(command) else [])]


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
        if group.row is not None and group.row.kind == "int" and len(group.words) == 2 and group.words[1] not in _FEW:
            yield from (_joined(_put(groups, at, (group.words[0], few))) for few in _FEW)


def _with_plain(command: Words) -> Iterator[Words]:
    """Real numbers with fewer digits."""
    groups = _groups(command)
    for at, group in enumerate(groups):
        if group.row is None or group.row.kind != "float":
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
