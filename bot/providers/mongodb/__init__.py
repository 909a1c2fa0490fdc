"""The team's MongoDB as a patient: reads bounded and masked; the one change ends one named operation."""
