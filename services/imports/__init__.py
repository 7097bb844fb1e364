"""Imports: files of officers read, checked whole, and written as commands of the services."""
