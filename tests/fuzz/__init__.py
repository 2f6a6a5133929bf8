"""A million literals and values that are not what they should be."""
