"""The published language: what the services tell each other. Imports nothing of ours."""
