"""Projections of the events: what clients see of the state, each a function of the log that can be built again."""
