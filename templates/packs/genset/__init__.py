"""Permits to install a generator: one folder per version, never changed once it has issued a permit."""
