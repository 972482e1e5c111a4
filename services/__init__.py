"""Fournil's services. Never published: only `fournil/` goes into the wheel."""
