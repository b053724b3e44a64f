"""The report `markdown`: verdicts, numbers and tables, for terminals and CI."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from spectramind_core.components import Context, Evidence
from spectramind_core.contracts import DiagnosticResult, Table
from spectramind_core.storage import write_text
from spectramind_diag.options import MarkdownOptions
from spectramind_diag.report.numbers import cells
from spectramind_diag.report.summary import summarise


class MarkdownReport:
    """Writes ``diagnostic_report.md``."""

    def __init__(self, options: MarkdownOptions) -> None:
        self._rows = options.rows

    def write(
        self,
        results: Sequence[DiagnosticResult],
        evidence: Evidence,
        *,
        folder: Path,
        ctx: Context,
    ) -> tuple[Path, ...]:
        """Write the report."""
        summary = summarise(results, evidence)
        lines = [f"# {_safe(str(evidence.manifest.get('name', 'Diagnostic report')))}", ""]
        lines += [summary.verdict, ""]
        lines += [f"- {name}: {value:.4f}" for name, value in summary.scores]
        lines += ["", "Look at these first:", ""]
        lines += [
            f"{place}. {_safe(result.title)} [{result.severity}]: {_safe(result.verdict)}"
            for place, result in enumerate(summary.first, 1)
        ]
        for result in results:
            lines += ["", *self._section(result)]
        return (write_text(folder / "diagnostic_report.md", "\n".join(lines) + "\n"),)

    def _section(self, result: DiagnosticResult) -> Iterator[str]:
        yield f"## {_safe(result.title)} [{result.severity}]"
        yield ""
        yield _safe(result.verdict)
        yield ""
        for name, value in result.scalars.items():
            yield f"- {_safe(name)}: {value:.5g}"
        for table in result.tables:
            yield ""
            yield from self._table(table)

    def _table(self, table: Table) -> Iterator[str]:
        yield f"**{_safe(table.title)}**"
        yield ""
        yield "| " + " | ".join(map(_safe, table.columns)) + " |"
        yield "|" + "---|" * len(table.columns)
        rows = list(zip(*map(cells, table.columns.values()), strict=True))
        for row in rows[: self._rows]:
            yield "| " + " | ".join(map(_safe, row)) + " |"
        if len(rows) > self._rows:
            yield ""
            yield f"({len(rows) - self._rows} more rows)"


def _safe(text: str) -> str:
    """Text that Markdown takes as text."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "\\|")):
        text = text.replace(character, entity)
    return " ".join(text.split())
