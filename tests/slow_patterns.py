"""Finds regular expressions with polynomial or exponential matching time.

A pattern is converted to Glushkov's automaton: a state for each character class, with the states that can follow it. It
is slow if a word leads from a loop back to itself and also into a second loop, so that the matcher tries every split
between both, or if a word can pass through a loop in two ways (Weideman et al., "Analyzing Matching Time Behavior of
Backtracking Regular Expression Matchers", 2016). For `search`, the start of the match is a loop too. Lookarounds are
treated as alternatives, and repetitions with an upper bound as one or two repetitions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

try:
    from re import _compiler as compiler  # type: ignore[attr-defined]
    from re import _parser as parser  # type: ignore[attr-defined]
except ImportError:  # Python 3.10
    import sre_compile as compiler
    import sre_parse as parser

_SAMPLES = "aAzZ09_ \t\n\r\x00-.:/\"'é☃\u2028"
# A character class for the end of the text.
_END = frozenset([""])
_REPEATS = {"MAX_REPEAT", "MIN_REPEAT"}


@dataclass
class _Part:
    """A part of a pattern: the states where it can begin and end."""

    first: list[int]
    last: list[int]
    can_be_empty: bool


@dataclass
class _Automaton:
    flags: int
    is_search: bool
    alphabet: list[str]
    classes: list[frozenset[str]] = field(default_factory=list)
    follow: list[list[int]] = field(default_factory=list)

    def state(self, characters: frozenset[str]) -> _Part:
        self.classes.append(characters)
        self.follow.append([])
        number = len(self.classes) - 1
        return _Part([number], [number], can_be_empty=False)

    def class_of(self, *node: Any) -> frozenset[str]:
        matcher = compiler.compile(parser.SubPattern(parser.State(), [node]), self.flags)
        return frozenset(filter(matcher.match, self.alphabet))

    def sequence(self, nodes: Any) -> _Part:
        whole = _Part([], [], can_be_empty=True)
        for operator, argument in nodes:
            part = self.part(operator, argument)
            self.join(whole.last, part.first)
            whole.first = whole.first + part.first if whole.can_be_empty else whole.first
            whole.last = whole.last + part.last if part.can_be_empty else part.last
            whole.can_be_empty &= part.can_be_empty
        return whole

    def part(self, node: Any, argument: Any) -> _Part:  # noqa: PLR0911
        operator = str(node)
        if operator in _REPEATS:
            return self.repeated(*argument)
        if operator == "SUBPATTERN":
            return self.sequence(argument[3])
        if operator == "BRANCH":
            parts = [self.sequence(branch) for branch in argument[1]]
            empty = any(part.can_be_empty for part in parts)
            return _Part([s for p in parts for s in p.first], [s for p in parts for s in p.last], can_be_empty=empty)
        if operator in {"ASSERT", "ASSERT_NOT"}:
            # Nothing follows a lookahead, and a lookbehind is bounded.
            look = self.sequence(argument[1]) if argument[0] > 0 else _Part([], [], can_be_empty=True)
            return _Part(look.first, [], can_be_empty=True)
        if operator == "AT":
            if str(argument) in {"AT_END", "AT_END_STRING"}:
                return self.state(_END)
            if self.is_search and str(argument) in {"AT_BEGINNING", "AT_BEGINNING_STRING"}:
                # The end of the previous line; the start of the text matches only once.
                is_any_line = bool(self.flags & re.MULTILINE) and str(argument) == "AT_BEGINNING"
                return self.state(frozenset("\n" if is_any_line else ""))
            return _Part([], [], can_be_empty=True)
        if operator == "GROUPREF":
            return self.state(_END)
        if operator == "ATOMIC_GROUP":
            # Matched once.
            return self.state(frozenset(self.alphabet))
        return self.state(self.class_of(node, argument))

    def before(self, node: Any) -> _Part:
        """Return the character before a match if the pattern starts with a lookbehind, else any."""
        characters = frozenset(self.alphabet)
        if str(node[0]) in {"ASSERT", "ASSERT_NOT"} and node[1][0] < 0:
            operator, argument = node[1][1][-1]
            given = self.class_of(operator, argument)
            characters = given if str(node[0]) == "ASSERT" else characters - given
        return self.state(characters)

    def repeated(self, least: int, most: Any, nodes: Any) -> _Part:
        part = self.sequence(nodes)
        if str(most) == "MAXREPEAT":
            self.join(part.last, part.first)
        elif int(most) > 1:
            second = self.sequence(nodes)
            self.join(part.last, second.first)
            part.last = part.last + second.last
        part.can_be_empty |= least == 0
        return part

    def join(self, sources: list[int], targets: list[int]) -> None:
        for source in sources:
            self.follow[source].extend(targets)


def is_slow(pattern: re.Pattern[str], use: str) -> bool:
    """Return whether `search`, `match` or `fullmatch` can take more than linear time."""
    text, flags = pattern.pattern, pattern.flags
    is_search = use == "search"
    automaton = _Automaton(flags, is_search, sorted({*_SAMPLES, *text, *(chr(ord(c) + 1) for c in text)}))
    tree = parser.parse(text, flags & ~re.UNICODE)
    whole = automaton.sequence(tree)
    if is_search:
        start = automaton.state(frozenset(automaton.alphabet))
        before = automaton.before(tree[0])
        automaton.join(start.last, start.first + before.first)
        automaton.join(before.last, whole.first)
    return _has_two_ways(automaton, set() if use == "fullmatch" else set(whole.last))


def _has_two_ways(automaton: _Automaton, accepting: set[int]) -> bool:
    """Return whether a word leads through two loops, or in two ways through one."""
    reach = [_reached(automaton.follow, state) for state in range(len(automaton.follow))]
    loops = [state for state, found in enumerate(reach) if state in found]
    for first, second in product(loops, set(loops) - accepting):
        if second in reach[first] and first != second and _is_split(automaton, first, second, reach):
            return True
        if first in reach[second] and automaton.follow[first].count(second) > 1:
            return True
    return False


def _reached(follow: list[list[int]], start: int) -> set[int]:
    found: set[int] = set()
    waiting = [start]
    while waiting:
        new = set(follow[waiting.pop()]) - found
        found |= new
        waiting += new
    return found


def _is_split(automaton: _Automaton, first: int, second: int, reach: list[set[int]]) -> bool:
    """Return whether one word leads from the first state to itself and to the second, and from the second to itself."""
    start, goal = (first, first, second), (first, second, second)
    seen, waiting = {start}, [start]
    while waiting:
        for a, b, c in _steps(automaton, waiting.pop()):
            if first in reach[a] and second in reach[b] and second in reach[c] and (a, b, c) not in seen:
                if (a, b, c) == goal:
                    return True
                seen.add((a, b, c))
                waiting.append((a, b, c))
    return False


def _steps(automaton: _Automaton, states: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Yield the states after one more character, which is the same for all."""
    for step in product(*(dict.fromkeys(automaton.follow[state]) for state in states)):
        if frozenset.intersection(*(automaton.classes[state] for state in step)) - _END:
            yield step
