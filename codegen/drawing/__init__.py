"""Layouts of graphs and timelines for SVG, as pure functions of data."""
