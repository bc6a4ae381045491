"""Keputusan Pembekuan, version 1."""
