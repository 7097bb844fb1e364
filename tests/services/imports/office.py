"""An installation, files to take in, and what became of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from services.imports import FileReport, import_files
from services.installation import Installation

UNITS = """code,name,kind,parent_code
H,Huyện ủy Mẫu,district_committee,
H-1,Đảng ủy xã Một,grassroots_committee,H
H-2,Đảng ủy xã Hai,grassroots_committee,H
H-1-1,Chi bộ Một,cell,H-1
DT,Đoàn Thanh niên Mẫu,mass_organisation,
TT,Trung tâm Chính trị Mẫu,training_centre,
"""


class Office:
    """An installation and a folder of files."""

    def __init__(self, ketnap: Installation, folder: Path) -> None:
        self.ketnap = ketnap
        self.folder = folder

    def file(self, text: str | bytes, name: str = "file.csv") -> Path:
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def preview(self, *texts: str, **flags: Any) -> list[FileReport]:  # noqa: ANN401 - the flags
        paths = [self.file(text, f"file-{n}.csv") for n, text in enumerate(texts)]
        return import_files(self.ketnap, paths, lang="en", **flags)

    def take(self, text: str, **flags: Any) -> FileReport:  # noqa: ANN401 - the flags
        (report,) = import_files(
            self.ketnap, [self.file(text)], lang="en", **{"commit": True} | flags
        )
        return report

    def correct(self, text: str) -> FileReport:
        return self.take(text, correct=True, reason="misread", document="12-CV/MAU")

    def facts(self, ledger: str = "dossiers", after: int = 0) -> list[tuple[str, dict[str, Any]]]:
        """Return what is recorded after a position, by type and fields."""
        return [
            (row.type.partition(".")[2], msgspec.json.decode(row.state))
            for row in self.ketnap.ledgers[ledger].read(after, 10_000)
        ]

    def head(self, ledger: str = "dossiers") -> int:
        return self.ketnap.ledgers[ledger].head().position


def errors(report: FileReport) -> list[tuple[int, tuple[str, ...], str]]:
    """Return what is wrong with a file: rows, columns, reasons."""
    return [(error.row, error.columns, error.refusal.code) for error in report.errors]
