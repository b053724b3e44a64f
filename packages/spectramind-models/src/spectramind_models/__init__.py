"""Physics estimate, Mamba and graph networks, symbolic rules and their training."""
