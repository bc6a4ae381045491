"""A decision becomes a PDF: packs (one folder per permit type and version), renderer, QR symbol.

May import `registry`; must not know keys, signatures or who asks.
"""
