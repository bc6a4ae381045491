"""Surat Izin Instalasi Genset, version 1."""
