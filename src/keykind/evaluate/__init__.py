"""Predictions on test photos -> metrics, charts and the report page."""
