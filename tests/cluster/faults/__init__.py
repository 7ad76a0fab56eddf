"""Money and several clients, as FAULTS has them: the tests of one machine once more, on PostgreSQL."""
