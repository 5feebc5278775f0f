"""The models that can be trained, each with its loss and the digits that it learns from."""
from ram import archived
from ram.controls import KINDS, ControlNetwork
from ram.loss import HybridLoss
from ram.model import RecurrentAttentionModel

MODELS = {'ram': RecurrentAttentionModel, 'archived': archived.ArchivedModel, **dict.fromkeys(KINDS, ControlNetwork)}
LOSSES = {**dict.fromkeys(MODELS, HybridLoss), 'archived': archived.ArchivedLoss}
# What each learns from, and the digits that it never saw, by which it is judged.
TRAINING_SPLITS = {**dict.fromkeys(MODELS, 'train'), 'archived': archived.TRAINING_SPLIT}
UNSEEN_SPLITS = {**dict.fromkeys(MODELS, 'test'), 'archived': archived.UNSEEN_SPLIT}


def make_model(config):
    """A fresh model of the Config's kind and sizes, on the CPU."""
    return MODELS[config.model](config)
