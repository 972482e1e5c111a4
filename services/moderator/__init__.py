"""Is it fit to bake, is it fit to show, and why not."""
