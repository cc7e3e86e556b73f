"""Draws ratios as bars, in colours for light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _LABELS, _VALUES = 760, 250, 70
_ROW, _GROUP, _BAR, _TOP = 24, 40, 14, 16
_STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 }
.bar { fill: #8c959f }
.ours { fill: #0969da }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .bar { fill: #6e7681 }
  .ours { fill: #4493f8 }
}"""


@dataclass(frozen=True)
class Bar:
    """A labelled ratio; ours are highlighted."""

    label: str
    ratio: float
    is_ours: bool = False


@dataclass(frozen=True)
class Group:
    """Bars with a common scale; each group has its own."""

    title: str
    bars: Sequence[Bar]


def draw(groups: Sequence[Group], description: str) -> str:
    """Return the picture as SVG."""
    y = _TOP
    lines: list[str] = []
    for group in groups:
        lines.append(f'<text class="title" x="0" y="{y}">{escape(group.title)}</text>')
        most = max(bar.ratio for bar in group.bars)
        for bar in group.bars:
            y += _ROW
            length = max(1.0, (_WIDTH - _LABELS - _VALUES) * bar.ratio / most)
            kind = "ours" if bar.is_ours else "bar"
            lines.append(f'<text x="0" y="{y}">{escape(bar.label)}</text>')
            lines.append(
                f'<rect class="{kind}" x="{_LABELS}" y="{y - _BAR + 2}" width="{length:.1f}" height="{_BAR}" rx="2"/>'
            )
            lines.append(f'<text x="{_LABELS + length + 8:.1f}" y="{y}">{bar.ratio:.1f}</text>')
        y += _GROUP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y - _GROUP + 10}" width="{_WIDTH}" '
        f'role="img">\n'
        f"<title>{escape(description)}</title>\n<style>\n{_STYLE}\n</style>\n"
    )
    return head + "\n".join(lines) + "\n</svg>\n"
