"""A namespace of a cluster as a patient, over the plain JSON of its API.

Not over the client's typed models: they drop every field that they do not know, and a rollback must put back all.
"""
