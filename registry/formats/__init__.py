"""What several rooms speak: canonical form, statement, verdict, record, log entry.

Pure functions and values; must not import a database, a web framework, or anything else of Absah.
"""
