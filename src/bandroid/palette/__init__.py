"""What latent spaces are for: songs heard as windows, varied, blended, steered, joined."""
