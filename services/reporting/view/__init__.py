"""Figures, the facts behind them, and history."""

from services.reporting.view.figures import Question
from services.reporting.view.knowledge import UnitNotOnThatDay, UnitNotYetKnown, UnknownUnit
from services.reporting.view.reporting_view import ReportingView

__all__ = ["Question", "ReportingView", "UnitNotOnThatDay", "UnitNotYetKnown", "UnknownUnit"]
