"""The staff door: approved decisions come in here.

May import `signing`, `templates` and `registry`; must not know the verifier or keys.
"""
