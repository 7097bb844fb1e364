"""What dossiers reads of its own ledger: the units by day, and the candidacies."""

from services.dossiers.view.candidacies import CandidaciesView, Found, Task
from services.dossiers.view.folding import Shown
from services.dossiers.view.sealed import Boxes
from services.dossiers.view.tables import LAYOUT, SCHEMA
from services.dossiers.view.units import UnitsView

__all__ = ["LAYOUT", "SCHEMA", "Boxes", "CandidaciesView", "Found", "Shown", "Task", "UnitsView"]
