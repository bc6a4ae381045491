"""The public door: anything in, a Verdict out; web pages for anyone who holds a permit.

May import `registry` and `keys.trust`; must not know anything that makes or signs.
"""
