"""Placing a graph in rows: every box below the boxes it builds on, few crossings, short lines.

The method is Sugiyama's: rows by longest path, a waypoint in every row that a line crosses, the order within a row by
the mean place of the neighbours, then the places of least squared distance to the neighbours that keep the order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 24  # of the search for an order
STEPS = 200  # of the search for places
STRAIGHT = 8.0
Node = str | tuple[str, str, int]  # a box, or the waypoint of a line (from, to) in a row


@dataclass(frozen=True)
class Layout:
    """Boxes by row, the x of every box's centre, and the x of every line in each row from its start to its end."""

    rows: tuple[tuple[str, ...], ...]
    x: Mapping[str, float]
    lines: Mapping[tuple[str, str], tuple[float, ...]]


def place(nodes: Sequence[str], lines: Sequence[tuple[str, str]], width: float, gap: float) -> Layout:
    """Place boxes of one width. ``lines`` are (upper, lower); ``nodes`` come with the upper ones first."""
    row = _rows(nodes, lines)
    paths = {line: _path(line, row) for line in lines}
    order: list[list[Node]] = [[] for _ in range(max(row.values()) + 1)]
    for node in nodes:
        order[row[node]].append(node)
    for (upper, _), path in paths.items():
        for at, point in enumerate(path[1:-1], row[upper] + 1):
            order[at].append(point)
    up: dict[Node, list[Node]] = {node: [] for nodes_of_row in order for node in nodes_of_row}
    down: dict[Node, list[Node]] = {node: [] for node in up}
    for path in paths.values():
        for before, after in pairwise(path):
            up[after].append(before)
            down[before].append(after)
    order = _least_crossings(order, up, down)
    x = _places(order, up, down, width, gap)
    boxes = tuple(tuple(node for node in members if isinstance(node, str)) for members in order)
    return Layout(
        boxes,
        {node: x[node] for node in x if isinstance(node, str)},
        {line: tuple(x[node] for node in path) for line, path in paths.items()},
    )


def _rows(nodes: Sequence[str], lines: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Longest path from the top; then every box as low as the boxes that build on it allow."""
    row: dict[str, int] = {}
    for node in nodes:
        row[node] = max((row[upper] + 1 for upper, lower in lines if lower == node), default=0)
    for node in reversed(nodes):
        row[node] = min((row[lower] - 1 for upper, lower in lines if upper == node), default=row[node])
    return row


def _path(line: tuple[str, str], row: Mapping[str, int]) -> list[Node]:
    upper, lower = line
    return [upper, *((upper, lower, at) for at in range(row[upper] + 1, row[lower])), lower]


Order = list[list[Node]]
Near = Mapping[Node, list[Node]]


def _least_crossings(order: Order, up: Near, down: Near) -> Order:
    best, fewest = order, _crossings(order, down)
    for sweep in range(SWEEPS):
        order = _swept(order, up) if sweep % 2 == 0 else _swept(order[::-1], down)[::-1]
        crossings = _crossings(order, down)
        if crossings < fewest:
            best, fewest = order, crossings
    return best


def _swept(order: Order, near: Near) -> Order:
    """Every row sorted by the mean place of its neighbours in the row before it."""
    found: Order = []
    for members in order:
        rank = {node: float(index) for index, node in enumerate(found[-1] if found else [])}
        wanted = {node: _mean([rank[one] for one in near[node] if one in rank], at) for at, node in enumerate(members)}
        found.append(sorted(members, key=wanted.__getitem__))
    return found


def _crossings(order: Order, down: Near) -> int:
    total = 0
    for members, below in pairwise(order):
        rank = {node: index for index, node in enumerate(below)}
        ends = [rank[lower] for node in members for lower in sorted(down[node], key=rank.__getitem__)]
        total += sum(a > b for index, a in enumerate(ends) for b in ends[index + 1 :])
    return total


def _places(order: Order, up: Near, down: Near, width: float, gap: float) -> dict[Node, float]:
    x: dict[Node, float] = {}
    size = {node: width if isinstance(node, str) else 0.0 for members in order for node in members}
    for members in order:
        x |= _in_order(members, dict.fromkeys(members, 0.0), size, gap)
    for sweep in range(STEPS):
        for members in order if sweep % 2 == 0 else order[::-1]:
            wanted = {node: _pulled(node, (*up[node], *down[node]), x) for node in members}
            x |= _in_order(members, wanted, size, gap)
    left = min(x[node] - size[node] / 2 for node in x)
    return {node: value - left for node, value in x.items()}


def _pulled(node: Node, near: Sequence[Node], x: Mapping[Node, float]) -> float:
    """Mean place of the neighbours; between two waypoints the pull is strong, so that a long line is straight."""
    pulls = [(STRAIGHT if isinstance(node, tuple) and isinstance(one, tuple) else 1.0, x[one]) for one in near]
    total = sum(pull for pull, _ in pulls)
    return sum(pull * value for pull, value in pulls) / total if pulls else x[node]


def _in_order(
    members: Sequence[Node], wanted: Mapping[Node, float], size: Mapping[Node, float], gap: float
) -> dict[Node, float]:
    """The places nearest to the wanted ones (least squares) that keep order and distance: pool adjacent violators."""
    offset, offsets = 0.0, []
    for before, node in zip([None, *members], members, strict=False):
        offset += 0.0 if before is None else (size[before] + size[node]) / 2 + gap
        offsets.append(offset)
    pools: list[tuple[float, int]] = []  # mean, count
    for node, start in zip(members, offsets, strict=True):
        mean, count = wanted[node] - start, 1
        while pools and pools[-1][0] >= mean:
            earlier, many = pools.pop()
            mean, count = (earlier * many + mean * count) / (many + count), many + count
        pools.append((mean, count))
    means = [mean for mean, count in pools for _ in range(count)]
    return {node: mean + start for node, mean, start in zip(members, means, offsets, strict=True)}


def _mean(values: Sequence[float], default: float) -> float:
    return sum(values) / len(values) if values else default
