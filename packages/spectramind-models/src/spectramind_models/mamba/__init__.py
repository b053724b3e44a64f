"""State-space encoders: the selective scan, the Mamba block, and the encoder made of them."""
