"""The status pages of vendors: is it them, or is it us."""
