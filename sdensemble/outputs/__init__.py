"""Writes ``outputs/``: the ensemble, its tables, figures and the answer in words.

Figures, and with them matplotlib, are imported only when a run is written.
"""
