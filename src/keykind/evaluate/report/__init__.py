"""The report of a finished run: one page, and each of its figures as a file."""

from keykind.evaluate.report.data import Provenance, ReportData
from keykind.evaluate.report.page import write_report

__all__ = ["Provenance", "ReportData", "write_report"]
