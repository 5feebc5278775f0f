"""What evaluate.py finds for a model that classifies scenes."""
from ram import tasks
from ram.random_streams import generator
from ram.reports import evaluation, text


class SceneReport:
    """The error of a model on scenes that it never saw.

    Args:
        model: the model, on the device.
        arguments: those of evaluate.py.
        device: chainer device.

    Attributes:
        result: dict, see ``evaluation.evaluate``; 'split'; what ``evaluation.evaluate_passes`` gives, if the arguments
            ask for several passes and the model draws locations; and 'training_error' in percent, of a model that
            learns from the digits by which others are judged.
    """

    def __init__(self, model, arguments, device):
        self.model = model
        self.result = measure(model, arguments.split or model.unseen_split, arguments, device, arguments.passes)
        if model.unseen_split != 'test' and not arguments.split:
            self.result['training_error'] = measure(model, model.training_split, arguments, device)['test_error']

    def text(self):
        """The result as a text."""
        return text.report(self.model, self.result)


def measure(model, split, arguments, device, passes=1):
    """The result of ``evaluation.evaluate`` on one split, whose name it holds too, and that of several passes."""
    images, labels = (tasks.send(device, array) for array in tasks.load_scenes(model.config, split, arguments.data))
    draws = model.draws(arguments.policy or model.config.policy)
    settings = model, images, labels, lambda seed: generator(device, seed), arguments.seed
    result = {'split': split, **evaluation.evaluate(*settings, arguments.repeats if draws else 1, arguments.policy)}
    if passes > 1 and draws:
        result.update(evaluation.evaluate_passes(*settings, passes, arguments.policy))
    return result
