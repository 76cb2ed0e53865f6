"""Small charts as SVG, drawn here: no library, no script, and colours from the stylesheet, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

WIDTH: Final = 360
HEIGHT: Final = 90
ROOM: Final = 16  # for the labels above and below
ROW: Final = 22
NAMES: Final = 104


def line_chart(values: Sequence[float], *, label: str, unit: str, span: str) -> SafeString:
    """A line over time; `span` says how far back its left end is. Read out as its label, latest and highest value."""
    highest = max(values, default=0) or 1
    step = WIDTH / max(1, len(values) - 1)
    points = [(index * step, _height(value, highest)) for index, value in enumerate(values)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    top = _short(max(values, default=0))
    read = _("%(label)s: %(now)s %(unit)s now, %(top)s at most")
    now = _short(values[-1] if values else 0)
    return format_html(
        '<svg class="desk-chart" viewBox="0 0 {w} {h}" role="img" aria-label="{read}">'
        '<line class="axis" x1="0" x2="{w}" y1="{base}" y2="{base}"/>'
        '<polygon class="area" points="0,{base} {line} {w},{base}"/><polyline class="line" points="{line}"/>'
        '<text x="0" y="11">{top} {unit}</text><text x="0" y="{h}">{span}</text>'
        '<text x="{w}" y="{h}" text-anchor="end">{now}</text></svg>',
        w=WIDTH,
        h=HEIGHT + 2 * ROOM,
        base=HEIGHT + ROOM,
        line=line,
        read=read % {"label": label, "now": now, "unit": unit, "top": top},
        unit=unit,
        now=_("now"),
        top=top,
        span=span,
    )


def bar_chart(rows: Sequence[tuple[str, int]], *, label: str) -> SafeString:
    """Horizontal bars with their names and numbers."""
    most = max((value for _, value in rows), default=0) or 1
    room = WIDTH - NAMES - 56
    bars = format_html_join(
        "",
        '<text x="0" y="{}">{}</text><rect class="bar" x="{}" y="{}" width="{}" height="12" rx="2"/>'
        '<text x="{}" y="{}">{}</text>',
        (
            (y + 11, name, NAMES, y, f"{width:.1f}", f"{NAMES + width + 6:.1f}", y + 11, f"{value:,}")
            for y, name, value, width in _bars(rows, most, room)
        ),
    )
    read = ", ".join(f"{name}: {value}" for name, value in rows)
    return format_html(
        '<svg class="desk-chart" viewBox="0 0 {} {}" role="img" aria-label="{}: {}">{}</svg>',
        WIDTH,
        ROW * len(rows),
        label,
        read,
        bars,
    )


def _bars(rows: Sequence[tuple[str, int]], most: int, room: float) -> list[tuple[int, str, int, float]]:
    return [
        (ROW * index + 4, name, value, max(room * value / most, 1.0 if value else 0.0))
        for index, (name, value) in enumerate(rows)
    ]


def _height(value: float, highest: float) -> float:
    return ROOM + HEIGHT * (1 - value / highest)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"
