"""Letters that replace a lost or damaged print: one folder per version, never changed once it has issued one."""
