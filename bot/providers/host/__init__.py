"""A machine over SSH: a fixed set of programs with checked words, on a host whose key is known beforehand."""
