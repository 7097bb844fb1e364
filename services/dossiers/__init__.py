"""Dossiers: units, people and their candidacies, from nomination to official membership."""
