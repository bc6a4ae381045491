"""Surat Keterangan Pengganti, version 1."""
