"""The report of a finished run, page.py, and the parts of it that other reports use, too."""
