"""Training of networks: likelihood, curriculum, checkpoints, and the loop that uses them."""
