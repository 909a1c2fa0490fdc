"""The Web API: one gate for every method, one small file for each family."""
