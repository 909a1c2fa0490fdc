"""What a team wrote down about its systems: loaded from YAML, validated, immutable."""
