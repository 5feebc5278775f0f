"""The models that can be trained, each with its loss and the digits that it learns from."""
from ram.networks import archived_model
from ram.networks.archived_model import ArchivedModel
from ram.networks.controls import KINDS, ControlNetwork
from ram.networks.recurrent_attention import RecurrentAttentionModel
from ram.training.archived_loss import ArchivedLoss
from ram.training.hybrid_loss import HybridLoss

MODELS = {'ram': RecurrentAttentionModel, 'archived': ArchivedModel, **dict.fromkeys(KINDS, ControlNetwork)}
LOSSES = {**dict.fromkeys(MODELS, HybridLoss), 'archived': ArchivedLoss}
# What each learns from, and the digits that it never saw, by which it is judged.
TRAINING_SPLITS = {**dict.fromkeys(MODELS, 'train'), 'archived': archived_model.TRAINING_SPLIT}
UNSEEN_SPLITS = {**dict.fromkeys(MODELS, 'test'), 'archived': archived_model.UNSEEN_SPLIT}


def make_model(config):
    """A fresh model of the Config's kind and sizes, on the CPU."""
    return MODELS[config.model](config)
