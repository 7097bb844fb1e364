"""Imports: files of officers read, checked whole, and written as commands of the services."""

from services.imports.report import FileReport, RowError, words
from services.imports.run import import_files
from services.imports.template import write_template

__all__ = ["FileReport", "RowError", "import_files", "words", "write_template"]
