"""Records, rejects and units: the one source from which dtypes, packers, SQL tables and documentation come."""
