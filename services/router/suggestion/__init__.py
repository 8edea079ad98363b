"""Where an issue belongs, learned from what became of earlier ones."""
