"""Permits to install lightning protection: one folder per version, never changed once it has issued a permit."""
