"""Applies `# dagpress: ignore` comments, and the severities in the configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from codegen import rules
from codegen.diagnostics import Diagnostic, has_errors, quoted
from codegen.loader import Silencer
from codegen.rules import Severity

# `unused-ignore` does not report silencers of itself or of warnings that only `verify` reports.
_REPORTED_ELSEWHERE = (rules.UNUSED_IGNORE, rules.DEPRECATED, rules.NO_PRODUCER)


def apply_lint(
    diagnostics: Sequence[Diagnostic],
    silencers: Sequence[Silencer],
    levels: Mapping[str, str],
    *,
    report_unused: bool = True,
) -> list[Diagnostic]:
    """Remove silenced warnings, report unused silencers, and set the configured severities."""
    found, of_unused = list(diagnostics), []
    # With errors, some checks did not run, so a silencer may be in use.
    if report_unused and not has_errors(diagnostics):
        found += _unused(found, [s for s in silencers if s.rule not in _REPORTED_ELSEWHERE])
        # `ignore[unused-ignore]` silences reports about other codes on its line, never about itself.
        of_unused = _unused(found, [s for s in silencers if s.rule == rules.UNUSED_IGNORE])
    silenced = {_place_of(silencer) for silencer in silencers}
    left = [d for d in found if d.is_error or _place_of(d) not in silenced]
    return apply_levels([*left, *of_unused], levels)


def apply_levels(diagnostics: Iterable[Diagnostic], levels: Mapping[str, str]) -> list[Diagnostic]:
    """Set the configured severities, `off`, `warning` or `error`, by code."""
    return [
        d.with_severity(Severity(levels[d.code])) if d.code in levels else d
        for d in diagnostics
        if levels.get(d.code) != rules.OFF
    ]


def _unused(diagnostics: Iterable[Diagnostic], silencers: Iterable[Silencer]) -> list[Diagnostic]:
    """Return a warning for each silencer without a matching warning on its line."""
    warned = {_place_of(diagnostic) for diagnostic in diagnostics}
    hint = "remove it, or move it to the line that the warning names"
    return [
        Diagnostic(rules.UNUSED_IGNORE, f"{quoted(s.rule.code)} is not reported on this line", s.location, hint)
        for s in silencers
        if _place_of(s) not in warned
    ]


def _place_of(each: Diagnostic | Silencer) -> tuple[str, int, str]:
    return each.location.path, each.location.line, each.rule.code
