"""Recipes that make the shipped models, and their weights. Nothing here is imported by a service."""
