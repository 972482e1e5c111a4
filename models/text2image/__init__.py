"""The recipe of the default text-to-image model: data, train, export, evaluate."""
