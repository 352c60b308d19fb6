"""Results of a bench as Markdown: tables for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oddframe.bench.results import Cost, Results, Row

Table = tuple[Sequence[str], list[list[str]]]
"""Headings, and rows of cells."""

PLACES = (
    "Boxes as scored. At each detector's own threshold, false alarms, delays and missed stretches are those of events,"
    " as `oddframe score` reports them; the two shares of flagged frames count frames over the threshold."
)


def figures_table(results: Results, protocol: str) -> Table:
    """Return the table of frame-level figures of all detectors under the protocol of a title."""
    head = ("detector", "micro AUROC", "macro AUROC", "AP", "EER", "left out")
    rows = []
    for row in results.rows:
        found = row.figures[protocol]
        out = f"{found.left_out} of {found.frames}"
        rows.append([row.detector, str(found.micro), str(found.macro), str(found.ap), str(found.eer), out])
    return head, rows


def places_table(results: Results) -> Table:
    """Return the table of figures that depend on no protocol: of localisation, and of alarms at the own threshold."""
    head = (
        "detector",
        "RBDC",
        "TBDC",
        "false alarms/h",
        "normal frames flagged",
        "anomalous frames flagged",
        "delay",
        "missed",
    )
    return head, [_places(row) for row in results.rows]


def cost_table(results: Results) -> Table:
    """Return the table of what fitting and scoring cost."""
    head = ("detector", "fit", "score", "observations", "multiplications", "on disk")
    return head, [[row.detector, *_cost(row.cost)] for row in results.rows]


def markdown(results: Results, pictures: Sequence[tuple[str, str]] = ()) -> str:
    """Write all results as one Markdown text.

    Args:
        results: of a bench.
        pictures: (title, file name) of pictures to be shown at the end.
    """
    return "\n".join(_lines(results, pictures)) + "\n"


def _lines(results: Results, pictures: Sequence[tuple[str, str]]) -> Iterator[str]:
    about = results.circumstances
    yield from (f"# {about.dataset['name']}", "", "```console", about.command, "```", "")
    for split, counts in about.splits.items():
        yield f"- {split}: " + ", ".join(f"{count:,} {what}" for what, count in counts.items())
    yield f"- seed {about.seed}; {about.machine}; {about.when}"
    yield "- " + ", ".join(f"{name} {version}" for name, version in about.versions.items())
    yield "- intervals: 95 %, bootstrap over test videos"
    for protocol in results.protocols:
        yield from ("", f"## Protocol {protocol.title}", "", protocol.sentence() + ".", "")
        yield from _table(figures_table(results, protocol.title))
    yield from ("", "## Localisation and alarms", "", PLACES, "")
    yield from _table(places_table(results))
    yield from ("", "## Cost", "", "Of the model alone, over cached observations.", "")
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
    """Write a number of bytes with its unit.

    >>> size(993_000_000)
    '993 MB'
    """
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= factor:
            return f"{count / factor:.3g} {unit}"
    return f"{count} B"
