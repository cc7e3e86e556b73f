"""Applies the silencers of a project, and the severities in its configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from codegen import rules
from codegen.diagnostics import Diagnostic, has_errors, quoted
from codegen.loader import Silencer
from codegen.rules import Severity

# `unused-ignore` does not report silencers of itself, and of warnings that only `verify` finds.
_REPORTED_ELSEWHERE = (rules.UNUSED_IGNORE, rules.DEPRECATED, rules.NO_PRODUCER)


def apply_lint(
    diagnostics: Sequence[Diagnostic],
    silencers: Sequence[Silencer],
    levels: Mapping[str, str],
    *,
    report_unused: bool = True,
) -> list[Diagnostic]:
    """Leave out the silenced warnings, report the unused silencers, and set the configured severities."""
    found, of_unused = list(diagnostics), []
    # After an error some checks did not run, so the silencer may be in use.
    if report_unused and not has_errors(diagnostics):
        found += _unused(found, [s for s in silencers if s.rule not in _REPORTED_ELSEWHERE])
        # `ignore[unused-ignore]` silences the report on another code of the same line, never that on itself.
        of_unused = _unused(found, [s for s in silencers if s.rule == rules.UNUSED_IGNORE])
    silenced = {_place_of(silencer) for silencer in silencers}
    left = [d for d in found if d.is_error or _place_of(d) not in silenced]
    return apply_levels([*left, *of_unused], levels)


def apply_levels(diagnostics: Iterable[Diagnostic], levels: Mapping[str, str]) -> list[Diagnostic]:
    """Set the configured severities: `off`, `warning` or `error` by the code of a warning."""
    return [
        d.with_severity(Severity(levels[d.code])) if d.code in levels else d
        for d in diagnostics
        if levels.get(d.code) != rules.OFF
    ]


def _unused(diagnostics: Iterable[Diagnostic], silencers: Iterable[Silencer]) -> list[Diagnostic]:
    """A warning for each silencer whose line has no such warning."""
    warned = {_place_of(diagnostic) for diagnostic in diagnostics}
    hint = "remove it, or move it to the line that the warning names"
    return [
        Diagnostic(rules.UNUSED_IGNORE, f"{quoted(s.rule.code)} is not reported on this line", s.location, hint)
        for s in silencers
        if _place_of(s) not in warned
    ]


def _place_of(each: Diagnostic | Silencer) -> tuple[str, int, str]:
    return each.location.path, each.location.line, each.rule.code
