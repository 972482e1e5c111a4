"""The models and what they can score: read once, before anything else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from services.moderator.classifier import Card, Classifier, Several
from services.moderator.image import ImageModel
from services.moderator.policies import Policies
from services.moderator.policy import Policy
from services.moderator.rules import RuleBook
from services.moderator.rules_file import BUNDLED, load_rules, parse_rules
from services.moderator.screening import PictureScores, Screener
from services.moderator.settled import Settled
from services.moderator.text import PromptModel
from services.runtime.sentence_encoder import SentenceEncoder


@dataclass(frozen=True)
class Models:
    """The prompt model, the picture models, and the thresholds that they were calibrated to."""

    encoder: SentenceEncoder
    prompts: PromptModel
    pictures: PictureScores
    categories: tuple[str, ...]
    """That the prompt model scores."""
    calibrated: Policy

    @staticmethod
    def load(weights: Path, classifier: Path | None = None, prompts: PromptModel | None = None) -> Models:
        """From the weights folder; `classifier` is the file of another picture model, `prompts` goes in the
        shipped prompt model's place. Raises FileNotFoundError, ValueError, SettingsError."""
        folder = weights / "prompt-moderator"
        encoder = SentenceEncoder(weights / "use-multilingual")
        calibrated = Policy.load(folder / "policy.json")
        pictures: PictureScores = ImageModel(weights / "image-moderator" / "model.onnx")
        if classifier is not None:
            card = Card.read(classifier)
            pictures = Several([pictures, Classifier(card)])
            calibrated = replace(calibrated, image={**calibrated.image, **card.limits})
        prompts = prompts or PromptModel.load(folder)
        return Models(encoder, prompts, pictures, prompts.categories, calibrated)

    def screener(self, policy: Path = BUNDLED, settled: Settled | None = None) -> Screener:
        """Without a store: a policy file alone, and what is settled, if anything. Raises SettingsError."""
        policies = Policies(self.load_rules(policy), self.read_rules)
        return Screener(self.prompts, self.pictures, policies, settled)

    def read_rules(self, text: str) -> RuleBook:
        """A policy file's text. Raises SettingsError."""
        rules = parse_rules(text, self._known, self.calibrated.image)
        return RuleBook(rules, self.calibrated, text)

    def load_rules(self, path: Path) -> RuleBook:
        """A policy file. Raises SettingsError."""
        rules, text = load_rules(path, self._known, self.calibrated.image)
        return RuleBook(rules, self.calibrated, text)

    @property
    def _known(self) -> set[str]:
        return {*self.categories, *self.calibrated.prompt}
