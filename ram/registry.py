"""Everything that can be chosen by name.  A new data set, model, core, loss or picture needs a module and a line here.

Values are named as 'module:attribute' and imported at their first use, so that every module may import this one.
The choices of flags and the rows of tables follow from the registries.
"""
import importlib
from collections.abc import Mapping


class Registry(Mapping):
    """A mapping of names to objects, each imported at its first use.

    Args:
        entries: 'module:attribute' by name.
    """

    def __init__(self, **entries):
        self._entries = entries

    def register(self, name, target):
        """Adds ``target``, 'module:attribute' or the object itself; ValueError if the name is taken."""
        if name in self._entries:
            raise ValueError(f'{name} is registered already')
        self._entries[name] = target

    def __getitem__(self, name):
        target = self._entries[name]
        if isinstance(target, str):
            module, attribute = target.split(':')
            target = self._entries[name] = getattr(importlib.import_module(module), attribute)
        return target

    def __contains__(self, name):
        return name in self._entries

    def __iter__(self):
        return iter(self._entries)

    def __len__(self):
        return len(self._entries)


# Tasks, see ram.tasks.task.
DATASETS = Registry(
    mnist='ram.tasks.digits:MNIST',
    translated='ram.tasks.digits:TRANSLATED',
    cluttered='ram.tasks.digits:CLUTTERED',
    cluttered100='ram.tasks.digits:CLUTTERED100',
    svhn='ram.tasks.svhn:SVHN',
    folder='ram.tasks.folder:FOLDER',
)
# Classes of models, see ram.networks.classifier; those without a gaze are controls.
MODELS = Registry(
    ram='ram.networks.recurrent_attention:RecurrentAttentionModel',
    archived='ram.networks.archived_model:ArchivedModel',
    fc64='ram.networks.controls:FullyConnectedControl',
    fc256='ram.networks.controls:FullyConnectedControl',
    conv='ram.networks.controls:ConvolutionalControl',
    conv3='ram.networks.controls:ModernControl',
)
# Glimpse networks; see ram.networks.glimpse_network.
GLIMPSE_NETWORKS = Registry(
    linear='ram.networks.glimpse_network:GlimpseNetwork',
    conv='ram.networks.conv_glimpse_network:ConvGlimpseNetwork',
)
# Core networks; one with a method ``fast`` is unrolled by ram.fast.unroll.
CORES = Registry(
    relu='ram.networks.core_network:CoreNetwork',
    lstm='ram.networks.core_network:LSTMCoreNetwork',
)
# Losses, each a Chain made of a model and called with a batch.
LOSSES = Registry(
    hybrid='ram.training.hybrid_loss:HybridLoss',
    archived='ram.training.archived_loss:ArchivedLoss',
)
# Chainer's optimizers.
OPTIMIZERS = Registry(
    adam='ram.training.adam:Adam',
    nesterov='chainer.optimizers:NesterovAG',
    momentum='chainer.optimizers:MomentumSGD',
)
# The pictures of visualize.py: functions of (model, arguments, device) that return the files' contents by path.
RENDERERS = Registry(
    episodes='ram.reports.episodes:draw',
    heatmap='ram.reports.heatmap:draw',
    wrong='ram.reports.wrong:draw',
    augmented='ram.reports.augmented:draw',
    page='ram.reports.page:draw',
)


def make_model(config):
    """A new model of the Config's kind and sizes, on the CPU."""
    return MODELS[config.model](config)


def make_loss(model):
    """The loss that trains a model."""
    return LOSSES[model.loss](model)
