"""A second judge: how well a picture fits a prompt, and how far a set of pictures is from true renderings.

Two towers end in one space: the prompt encoder the mesh uses anyway, and an image tower that learned from
photographs (EfficientNet-lite0, ImageNet), not from our renderings. Only the two heads are trained here, on the
same kind of scenes as the drawing model. So it knows our concepts and grounds, little about where things stand,
and nothing of the world beyond. It is an alignment score; it is not CLIP.
"""
