"""What is needed to know a run again, and to run it again."""

from spectramind_core.provenance.environment import environment
from spectramind_core.provenance.hash_summary import file_digests, hash_summary

__all__ = ["environment", "file_digests", "hash_summary"]
