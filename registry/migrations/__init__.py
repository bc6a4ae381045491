"""Alembic's folder: how the database came to be, revision by revision. A released revision is never edited."""
