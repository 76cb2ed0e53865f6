"""An SVG of one workload: a panel for each of its main metrics, a bar for each case and system, a whisker for the
spread. Written by hand: a dozen rectangles need no plotting library, and the file is small enough to be kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import pairwise

from tests.tools.bench.bench import Line, Workload, number

METRICS = {
    "fanout": ("deliveries/s", "µs/delivery"),
    "latency": ("p50 ms", "p99 ms"),
    "posts": ("posts/s", "p99 ms"),
    "storm": ("seconds", "peak MiB"),
    "idle": ("KiB/connection",),
    "purge": ("rows/s",),
    "sync": ("p50 ms", "ms CPU"),
    "history": ("p50 ms", "ms CPU"),
    "growth": ("µs/delivery", "µs/post"),
}
WIDTH, LABELS, VALUES = 860, 300, 90  # pixels: all, room for names on the left, room for figures on the right
ROW, GAP, HEAD, TOP = 20, 10, 34, 56
STYLE = """
text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-size:17px;font-weight:600}.note,.unit{fill:#59636e}
.ours{fill:#2f6f4f}.other{fill:#a9b4bf}.whisker{stroke:#1f2328;stroke-width:1.5}rect.page{fill:#fff}
@media(prefers-color-scheme:dark){text{fill:#f0f3f6}.note,.unit{fill:#9198a1}.ours{fill:#4fb283}.other{fill:#5b6672}
.whisker{stroke:#f0f3f6}rect.page{fill:#0d1117}}
"""


def chart(workload: Workload, note: str) -> str:
    """`note`: the date and the machine, without which a figure says nothing."""
    body, height = [], TOP
    if not workload.quiet:
        note += "; OTHERS USED THE MACHINE: do not compare rates and times"
    for metric in METRICS[workload.name]:
        lines = _by_case([line for line in workload.lines if metric in line.metrics])
        if lines:
            body += list(_panel(metric, lines, height))
            height += HEAD + len(lines) * ROW + _groups(lines) * GAP
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height + GAP}" role="img">',
            f"<title>{escape(workload.name)}</title><style>{STYLE}</style>",
            f'<rect class="page" width="{WIDTH}" height="{height + GAP}"/>',
            f'<text class="title" x="12" y="26">{escape(workload.name)}</text>',
            f'<text class="note" x="12" y="46">{escape(note)}; whiskers: least, most</text>',
            *body,
            "</svg>\n",
        ]
    )


def _by_case(lines: list[Line]) -> list[Line]:
    """Who is compared with whom stands together; cases and systems stay in the order in which they were measured."""
    cases = list(dict.fromkeys(line.case for line in lines))
    return sorted(lines, key=lambda line: cases.index(line.case))


def _panel(metric: str, lines: list[Line], top: int) -> Iterator[str]:
    yield f'<text class="unit" x="{LABELS}" y="{top + 22}">{escape(metric)}</text>'
    scale = (WIDTH - LABELS - VALUES) / (max(line.metrics[metric].most for line in lines) or 1)
    at, case = top + HEAD, lines[0].case
    for line in lines:
        at += GAP if line.case != case else 0
        case = line.case
        yield from _bar(line, metric, at, scale)
        at += ROW


def _bar(line: Line, metric: str, at: int, scale: float) -> Iterator[str]:
    figure, middle = line.metrics[metric], at + ROW // 2 - 1
    kind = "ours" if line.system == "Parley" else "other"
    end = LABELS + figure.most * scale
    name = escape(f"{line.case} · {line.system}")
    yield f'<text x="{LABELS - 8}" y="{at + 13}" text-anchor="end">{name}</text>'
    yield f'<rect class="{kind}" x="{LABELS}" y="{at}" width="{figure.median * scale:.1f}" height="{ROW - 4}" rx="2"/>'
    if figure.repeats > 1:
        least = LABELS + figure.least * scale
        yield f'<line class="whisker" x1="{least:.1f}" x2="{end:.1f}" y1="{middle}" y2="{middle}"/>'
    yield f'<text x="{end + 6:.1f}" y="{at + 13}">{number(figure.median)}</text>'


def _groups(lines: list[Line]) -> int:
    return sum(a.case != b.case for a, b in pairwise(lines))
