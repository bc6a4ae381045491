"""Surat Izin Instalasi Penangkal Petir, version 1."""
