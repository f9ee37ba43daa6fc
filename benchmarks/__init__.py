"""Measurements, each one command of the Makefile: a table for people and, as the last line, one JSON object."""
