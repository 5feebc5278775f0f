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
    pairs='ram.tasks.several:PAIRS',
    addition='ram.tasks.several:ADDITION',
    svhn='ram.tasks.svhn:SVHN',
    folder='ram.tasks.folder:FOLDER',
    numbers='ram.tasks.numbers:NUMBERS',
    text='ram.tasks.text:TEXT',
    catch='ram.tasks.catch:CATCH',
)
# Classes of models, see ram.agents.classifier; those without a gaze are controls.
MODELS = Registry(
    ram='ram.agents.recurrent_attention:RecurrentAttentionModel',
    archived='ram.agents.archived_model:ArchivedModel',
    fc64='ram.agents.controls:FullyConnectedControl',
    fc256='ram.agents.controls:FullyConnectedControl',
    conv='ram.agents.controls:ConvolutionalControl',
    conv3='ram.agents.controls:ModernControl',
    conv4='ram.agents.controls:EqualControl',
    player='ram.agents.attention_player:AttentionPlayer',
    reader='ram.agents.reader:Reader',
    places='ram.agents.reader:Places',
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
    hybrid='ram.losses.hybrid_loss:HybridLoss',
    archived='ram.losses.archived_loss:ArchivedLoss',
    policy='ram.losses.policy_loss:PolicyLoss',
    sequence='ram.losses.sequence_loss:SequenceLoss',
)
# By the goal of a task: what makes a run's batches, and what counts the mistakes of validation.
ITERATORS = Registry(
    classification='ram.training.scene_iterator:make_iterator',
    sequence='ram.training.scene_iterator:make_iterator',
    game='ram.training.game_iterator:make_iterator',
)
VALIDATIONS = Registry(
    classification='ram.training.extensions.validation:SceneValidation',
    sequence='ram.training.extensions.validation:SequenceValidation',
    game='ram.training.extensions.validation:GameValidation',
)
# By the goal of a task: what evaluate.py finds for a model, and what its --predict says of a picture's probabilities.
REPORTS = Registry(
    classification='ram.reports.scene_report:SceneReport',
    sequence='ram.reports.sequence_report:SequenceReport',
    game='ram.reports.games:GameReport',
)
PREDICTIONS = Registry(
    classification='ram.reports.prediction:likeliest_class',
    sequence='ram.reports.sequence_report:likeliest_text',
)
# Chainer's optimizers.
OPTIMIZERS = Registry(
    adam='ram.training.adam:Adam',
    nesterov='chainer.optimizers:NesterovAG',
    momentum='chainer.optimizers:MomentumSGD',
)
# The pictures of visualize.py: functions of (model, arguments, device) that return the files' contents by path.
RENDERERS = Registry(
    episodes='ram.pictures.episodes:draw',
    heatmap='ram.pictures.heatmap:draw',
    wrong='ram.pictures.wrong:draw',
    augmented='ram.pictures.augmented:draw',
    page='ram.pictures.page:draw',
)
# The same for models that read, and for players of games.
SEQUENCE_RENDERERS = Registry(
    episodes='ram.pictures.reading:draw',
    heatmap='ram.pictures.reading:draw_heatmap',
    wrong='ram.pictures.reading:draw_wrong',
    augmented='ram.pictures.augmented:draw',
    page='ram.pictures.page:draw',
)
GAME_RENDERERS = Registry(
    episodes='ram.pictures.game_episodes:draw',
)
RENDERERS_OF = {'classification': RENDERERS, 'sequence': SEQUENCE_RENDERERS, 'game': GAME_RENDERERS}


def make_model(config):
    """A new model of the Config's kind and sizes, on the CPU."""
    return MODELS[config.model](config)


def make_loss(model):
    """The loss that trains a model."""
    return LOSSES[model.loss](model)
