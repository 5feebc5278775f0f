"""What evaluate.py finds for a model that classifies scenes."""
from ram import tasks
from ram.random_streams import generator
from ram.reports import cost, evaluation, gaze_report, text


class SceneReport:
    """The error of a model on scenes that it never saw.

    Args:
        model: the model, on the device.
        arguments: those of evaluate.py.
        device: chainer device.

    Attributes:
        result: dict, see ``evaluation.evaluate``; 'split'; 'multiplications', see ``ram.reports.cost``; what
            ``evaluation.evaluate_passes`` gives, if the arguments ask for several passes and the model draws locations;
            'gaze', see ``gaze_report.measure``, if the arguments ask for it and the model is one of pictures that
            learned where to look; and 'training_error' in percent, of a model that learns from the digits by which
            others are judged.
    """

    def __init__(self, model, arguments, device):
        self.model = model
        self.result = measure(model, arguments.split or model.unseen_split, arguments, device, arguments.passes)
        if arguments.gaze and gaze_report.wanted(model, arguments):
            self.result['gaze'] = gaze_report.measure(model, arguments, device)
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
    until = arguments.until if model.gaze else None
    result = {'split': split, 'multiplications': cost.multiplications(model),
              **evaluation.evaluate(*settings, arguments.repeats if draws else 1, arguments.policy, until)}
    if until is not None:
        for row in result['until']['table']:
            row['multiplications'] = cost.multiplications(model, row['glimpses'])
        result['until']['control'] = {'model': cost.CONTROL, 'multiplications': cost.control(model.config)}
    if passes > 1 and draws:
        result.update(evaluation.evaluate_passes(*settings, passes, arguments.policy))
    return result
