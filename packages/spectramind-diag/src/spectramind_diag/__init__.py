"""Diagnostics, the Bokeh report and static exports."""
