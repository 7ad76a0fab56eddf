"""The registry: every job, attempt and image record, behind one contract."""
