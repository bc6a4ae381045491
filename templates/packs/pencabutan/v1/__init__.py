"""Keputusan Pencabutan, version 1."""
