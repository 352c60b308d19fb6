"""Results as tables that people read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oddframe.bench.results import Cost, Results, Row

Table = tuple[Sequence[str], list[list[str]]]
"""Headings, and rows of cells."""

PLACES = (
    "Boxes as scored. At each detector's own threshold, false alarms, delays and missed stretches are those of events,"
    " made as `oddframe score` makes them; flagged and found are shares of the frames over the threshold."
)


def figures_table(results: Results, protocol: str) -> Table:
    """Frame-level figures of all detectors under one protocol."""
    head = ("detector", "micro AUROC", "macro AUROC", "AP", "EER", "left out")
    rows = []
    for row in results.rows:
        found = row.figures[protocol]
        out = f"{found.left_out} of {found.frames}"
        rows.append([row.detector, str(found.micro), str(found.macro), str(found.ap), str(found.eer), out])
    return head, rows


def places_table(results: Results) -> Table:
    """Figures that no protocol touches: of place, and of alarms at the detector's own threshold."""
    head = (
        "detector",
        "RBDC",
        "TBDC",
        "false alarms/h",
        "normal frames flagged",
        "odd frames found",
        "delay",
        "missed",
    )
    return head, [_places(row) for row in results.rows]


def cost_table(results: Results) -> Table:
    """What fitting and scoring take."""
    head = ("detector", "fit", "score", "observations", "multiplications", "on disk")
    return head, [[row.detector, *_cost(row.cost)] for row in results.rows]


def markdown(results: Results, pictures: Sequence[tuple[str, str]] = ()) -> str:
    """All tables, under what circumstances they came about, and pictures as (title, file name)."""
    return "\n".join(_lines(results, pictures)) + "\n"


def _lines(results: Results, pictures: Sequence[tuple[str, str]]) -> Iterator[str]:
    told = results.circumstances
    yield from (f"# {told.dataset['name']}", "", "```console", told.command, "```", "")
    for split, counts in told.splits.items():
        yield f"- {split}: " + ", ".join(f"{count:,} {what}" for what, count in counts.items())
    yield f"- seed {told.seed}; {told.machine}; {told.when}"
    yield "- " + ", ".join(f"{name} {version}" for name, version in told.versions.items())
    yield "- intervals: 95 %, bootstrap over test videos"
    for protocol in results.protocols:
        yield from ("", f"## Protocol {protocol.title}", "", protocol.sentence() + ".", "")
        yield from _table(figures_table(results, protocol.title))
    yield from ("", "## Places and alarms", "", PLACES, "")
    yield from _table(places_table(results))
    yield from ("", "## Cost", "", "Of the model alone, over observations that are already there.", "")
    yield from _table(cost_table(results))
    for why in _reasons(results):
        yield from ("", f"Undefined: {why}.")
    for title, name in pictures:
        yield from ("", f"![{title}]({name})")


def _table(table: Table) -> Iterator[str]:
    head, rows = table
    for cells in (list(head), ["---"] * len(head), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _reasons(results: Results) -> list[str]:
    """Why figures are undefined, each reason once."""
    found = [f for row in results.rows for f in (row.regions.rbdc, row.regions.tbdc)]
    for row in results.rows:
        for figures in row.figures.values():
            found += [figures.micro, figures.macro, figures.ap, figures.eer]
    return sorted({figure.why.removeprefix("undefined: ") for figure in found if figure.why})


def _places(row: Row) -> list[str]:
    alarms = row.alarms
    missed = "-" if alarms.missed is None else f"{alarms.missed} of {alarms.stretches}"
    return [
        row.detector,
        str(row.regions.rbdc),
        str(row.regions.tbdc),
        "-" if alarms.false_per_hour is None else f"{alarms.false_per_hour:.1f}",
        _share(alarms.false_positive_rate),
        _share(alarms.recall),
        "-" if alarms.mean_delay is None else f"{alarms.mean_delay:.1f} s",
        missed,
    ]


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _cost(cost: Cost) -> list[str]:
    return [
        "elsewhere" if cost.fit_seconds is None else f"{cost.fit_seconds:.1f} s",
        f"{cost.score_seconds:.2f} s",
        f"{cost.observations:,}",
        "-" if cost.multiplications is None else f"{cost.multiplications:.3g}",
        size(cost.bytes),
    ]


def size(count: int) -> str:
    """Bytes as people write them.

    >>> size(993_000_000)
    '993 MB'
    """
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= factor:
            return f"{count / factor:.3g} {unit}"
    return f"{count} B"
