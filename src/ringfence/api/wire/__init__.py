"""The JSON of the wire, one module per family; field names are ours, the wire's camelCase comes from ``rename``."""
