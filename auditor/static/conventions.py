"""What names suggest: the weakest witness, asked only where nothing else speaks.

A name never makes a finding by itself. It lets a value that nobody in the project makes (a parameter of a function that
nobody calls) be taken for a network, a loss or an optimizer when it is also used like one.
"""

from __future__ import annotations

import re

from auditor.trace import PartName

MODEL = re.compile(
    r"(^|_)(model|models|net|nets|network|module|cnn|rnn|lstm|gru|gan|vae|mlp|resnet|bert|unet|encoder|decoder|generator"
    r"|discriminator|critic|actor|policy|backbone|classifier|predictor|regressor|transformer|autoencoder|student|teacher"
    r"|learner|ema|netg|netd|denoiser|embedder|detector|segmentor|regnet|extractor)(\d*|s)$",
    re.IGNORECASE,
)
LOSS = re.compile(
    r"(loss|criterion|criteria|objective|nll|mse|bce|crossentropy|cross_entropy|perplexity)", re.IGNORECASE
)
OPTIMIZER = re.compile(r"(^|_)(optim|optimizer|optimiser|opt|solver|trainer_opt)(\d*|s|_\w+)$|optim", re.IGNORECASE)
SCHEDULER = re.compile(r"(sched|lr_|annealer|warmup)", re.IGNORECASE)
MODEL_CLASS = re.compile(r"(Net|Model|Network|Encoder|Decoder|Transformer|Classifier|Module|Layer|Block)\d*$")


GENERATIVE = re.compile(
    r"^[GD]$|gan($|[_A-Z\d])|vae|auto_?enc|(^|_)ae$|generator|discriminator|critic|diffusion|denois|ddpm|(^|_)flow(_|$)|realnvp|glow"
    r"|polic|(?<!f)(?<!tr)actor|agent|dqn|q_?net|ppo|a2c|reinforce|world_?model|nerf|siren|pinn|word2vec|skipgram|simclr|byol|moco"
    r"|recon|super_?res|style_?transfer|unet|segm|language_?model|gpt|transducer|seq2seq|tacotron|vocoder",
    re.IGNORECASE,
)


def names_generative(name: str) -> bool:
    """It generates, reconstructs, answers for each position or acts: its targets are not the rows."""
    return bool(GENERATIVE.search(name))


MAKES = re.compile(
    r"^_*(build|make|create|get|load|init|setup|compile|train|fit|save|define|prepare|construct)_", re.IGNORECASE
)


def names_model(name: str) -> bool:
    """A network, and not a function that makes one or does something to it."""
    return bool(MODEL.search(name)) and not MAKES.match(name)


def names_class(name: str) -> bool:
    """``UNet``, and not ``G`` or ``netG``: calling it makes one."""
    return name[:1].isupper() and any(letter.islower() for letter in name)


def names_loss(name: str) -> bool:
    return bool(LOSS.search(name))


def losses_among(names: list[str]) -> set[int]:
    """Which of several things that come together are losses, as far as names tell; else all of them.

    ``loss, loss_items`` are a loss and what is noted of it.
    """
    known = {
        number for number, name in enumerate(names)
        if names_loss(name) and not any(name.startswith(f"{other}_") for other in names if names_loss(other))
    }  # fmt: skip
    return known or set(range(len(names)))


def names_optimizer(name: str) -> bool:
    return bool(OPTIMIZER.search(name)) and not SCHEDULER.search(name)


PENALTY = re.compile(r"(^|_)(l1|l2|reg|regs|regular\w*|penalt\w*|weight_?decay|ridge|lasso)(\d*|_|$)", re.IGNORECASE)


def names_penalty(name: str) -> bool:
    return bool(PENALTY.search(name))


def names_schedule(name: str) -> bool:
    return bool(SCHEDULER.search(name))


PARTS: dict[PartName, re.Pattern[str]] = {
    "train": re.compile(r"(^|[^a-z])(train|training|trn|tr)([^a-z]|$)", re.IGNORECASE),
    "validation": re.compile(
        r"(^|[^a-z])(val|valid|validation|dev|vali|eval|holdout|held_out)([^a-z]|$)"  # if either, no accusation
        r"|^[a-z]{1,3}_va$|^va_(x|y|i|idx|ids|dl|ds|df|loader|set)$",
        re.IGNORECASE,
    ),
    "test": re.compile(
        r"(^|[^a-z]|private|public)(test|testing|tst)([^a-z]|$)"
        r"|^[a-z]{1,3}_te$|^te_(x|y|i|idx|ids|dl|ds|df|loader|set)$",  # and not a treatment effect
        re.IGNORECASE,
    ),
}


def names_part(name: str) -> PartName | None:
    """Which part of the rows a word is for: only where it names one of them."""
    found = [part for part, pattern in PARTS.items() if pattern.search(name)]
    return found[0] if len(found) == 1 else None


def names_training_score(name: str) -> bool:
    """A score that is monitored is one of the training rows (``loss``, ``train_acc``)."""
    part = names_part(name)
    return part == "train" or (part is None and name in ("loss", "acc", "accuracy"))
