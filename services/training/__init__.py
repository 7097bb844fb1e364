"""Training: awareness classes, their learners and their certificates."""
