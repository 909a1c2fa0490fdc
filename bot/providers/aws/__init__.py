"""Amazon's services, each in a file of its own; they share one way in and one reading of refusals."""
