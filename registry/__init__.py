"""What was decided and issued: decisions, permits, numbers, mandates, status, log entries.

Knows no permit type, no key and no page: must not import any other room of Absah.
"""
