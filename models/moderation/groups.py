"""Which sources are left out together when the prompt moderator is judged."""

GROUPS = (
    ("overt", "mlma_fr", "xsafety_fr", "advbench"),
    (
        "contrast_hand", "obfuscation_hand", "ring_a_bell", "nibbler_r1", "openai_moderation", "i2p_hard",
        "partiprompts", "dsg1k", "diffusiondb_ir", "synthetic_fr",
    ),
    (
        "tifa", "geneval", "t2i_compbench", "ailuminate", "coconot", "hatecheck_en", "hatecheck_fr",
        "coprov2_train",
    ),
)  # fmt: skip
"""Left out together, so three models judge every source unseen."""
