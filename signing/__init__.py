"""A PDF becomes a signed permit: PAdES, and the way of a permit from decision to issue.

May import `templates`, `registry` and `keys`; must not know the doors. The stranger's check
arrives as a constructor argument.
"""
