"""What is done to a node, each with its verdict: they fail if it does not answer as it should."""
