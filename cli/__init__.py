"""The switchboard: every command, and the one place that knows both doors and wires them from configuration."""
