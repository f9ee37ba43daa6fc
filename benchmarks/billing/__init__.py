"""Storms and measurements of billing; each prints one JSON object as its last line."""
