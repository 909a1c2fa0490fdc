"""The team's Chroma as a patient: counts and hits, never a document; the one change removes one named collection."""
