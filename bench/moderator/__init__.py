"""The prompt's screening beside word lists and simple trained classifiers, on prompts that none of them has
seen."""
