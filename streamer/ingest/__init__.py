"""Ways in: what brings the sound of live shows to the stage."""
