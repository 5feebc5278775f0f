"""The models that can be trained, each with its loss and the digits that it learns from."""
from ram import archived
from ram.loss import HybridLoss
from ram.model import RecurrentAttentionModel

MODELS = {'ram': RecurrentAttentionModel, 'archived': archived.ArchivedModel}
LOSSES = {'ram': HybridLoss, 'archived': archived.ArchivedLoss}
# What each learns from, and the digits that it never saw, by which it is judged.
TRAINING_SPLITS = {'ram': 'train', 'archived': archived.TRAINING_SPLIT}
UNSEEN_SPLITS = {'ram': 'test', 'archived': archived.UNSEEN_SPLIT}


def make_model(config):
    """A fresh model of the Config's kind and sizes, on the CPU."""
    return MODELS[config.model](config)
