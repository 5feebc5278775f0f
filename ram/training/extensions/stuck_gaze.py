"""A warning about a gaze that is the same for all pictures, while the answers get better without it."""
import sys

from chainer import training

from ram.reports.gaze_report import advice, apart, is_same, where

FIRST = 5       # epochs, and a share of all, after which a gaze may be called stuck: at first every gaze is
SHARE = 0.1
FALLEN = 0.8    # the error has begun to fall below this share of its largest value
EPOCHS = 3      # in a row that show it
SAID = -1


class StuckGaze(training.Extension):
    """Warns, once in a run, if the learned gaze is the same for all validation pictures after the error began to fall.

    It uses what the validation has seen.  Of several processes, the first one judges by its own share of the pictures.

    Args:
        validation: the SceneValidation.
        config: the Config of a model that learns where to look.
    """
    name = 'stuck_gaze'
    priority = -7  # after the log, and the line of the epoch on the screen

    def __init__(self, validation, config):
        self.validation, self.config, self.epochs = validation, config, 0

    def trigger(self, trainer):
        return trainer.updater.is_new_epoch

    def __call__(self, trainer):
        if self.epochs == SAID:
            return
        log = trainer.get_extension('LogReport').log
        errors = [entry['validation/error'] for entry in log if 'validation/error' in entry]
        self.epochs = self.epochs + 1 if self.stuck(trainer.updater.epoch, errors) else 0
        if self.epochs == EPOCHS:
            self.epochs = SAID
            print(f'The gaze goes {where(self.validation.locations)}, whatever the picture, although the error has '
                  f'begun to fall: if it stays so, the model has not learned to look. Try {advice(self.config)}.',
                  file=sys.stderr)

    def stuck(self, epoch, errors):
        """Whether the last epoch shows a stuck gaze, from its number and the validation errors until then."""
        locations = self.validation.locations
        return (epoch > max(FIRST, SHARE * self.config.epoch) and locations is not None
                and errors[-1] < FALLEN * max(errors) and is_same(apart(locations), self.config))

    def serialize(self, serializer):
        self.epochs = int(serializer('epochs', self.epochs))
