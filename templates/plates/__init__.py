"""Plates: every page laid out once, then filled.

Nearly everything on a page is constant within one version of a pack. Where things stand depends on the *shape* (all
that is no value of the document) and on how many lines each value takes. So a page of each such signature is laid out
once, with placeholders, and kept as a *plate*; a document is a plate with its glyphs set.

In reading order: `placeholders`, `probe` (how wide is the place of each value?), `compiler` (a page with placeholders
becomes a plate), `plate` (what is kept), `filling` (a plate becomes a file), `shelf` (where plates are kept).
"""
