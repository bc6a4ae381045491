"""Decrees that suspend a permit: one folder per version, never changed once it has issued a decree."""
