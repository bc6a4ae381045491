"""Decrees that revoke a permit: one folder per version, never changed once it has issued a decree."""
