"""Models that others have made: folders in the layout of diffusers, as Optimum exports them to ONNX.

`opening.open_model(path)` gives a `Model`: what the oven may ask of any model, and all it knows of families.

| file | job |
|---|---|
| `interface` | what every model can do |
| `opening` | a folder becomes a model |
| `layout` | which family a folder is of, and what its owner wishes |
| `drawing` | noise to latent to picture, for all families; `family` is what differs between them |
| `facts` | what a model offers |
| `stable_diffusion` | Stable Diffusion 1 and 2, latent consistency |
| `stable_diffusion_xl` | Stable Diffusion XL |
| `stable_diffusion_3` | Stable Diffusion 3 and 3.5 |
| `flux` | FLUX.1 |
| `mini` | fournil-mini, which is no diffusers folder, behind the same interface |
| `text`, `tokens` | text to token numbers to vectors |
| `canvas` | a picture on its way |
| `picture_reader` | picture to latent, for pictures that start from one |
| `picture_coder` | latent to picture, and cheaply to a preview |
| `part_graph` | one graph, its inputs checked, ready to run |
| `onnx_file` | a model file read, and given a time step for each row |
| `wire` | protobuf, as much as that takes |
"""
