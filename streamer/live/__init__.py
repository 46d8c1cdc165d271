"""Live shows: sources in, one encode, many ways out."""
