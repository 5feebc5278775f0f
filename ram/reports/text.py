"""The result of ``evaluation.evaluate`` as a text for the terminal."""
from ram.registry import DATASETS

SHOWN_CLASSES = 10
NARROW = 6  # letters of a class's name above a column


def report(model, result):
    """A result as a text: errors by glimpse and by class, and which classes are confused.

    Args:
        model: the model.
        result: the result of a ``SceneReport``.
    """
    config, (low, high) = model.config, result['ci95']
    if not model.gaze:
        who, over = f'the control {config.model}', ''
    else:
        who = (f'{config.glimpses} glimpses, {config.scales} x {config.patch} x {config.patch} pixels each, '
               f'{result["policy"]} policy')
        over = f', mean over {result["repeats"]} first locations' if model.draws(result['policy']) else ''
    lines = [f'{DATASETS[config.dataset].name(config)}, {who}',
             f'{result["split"]} error {result["test_error"]:.2f} %, 95% interval {low:.2f} to {high:.2f} '
             f'({result["n"]} {result["split"]} scenes{over}); {model.count_params():,} parameters']
    if 'passes' in result:
        lines.append('error with {passes} passes {passes_error:.2f} %, 95% interval {0:.2f} to {1:.2f} (the mean '
                     'probabilities decide)'.format(*result['passes_ci95'], **result))
    if model.gaze:
        lines += ['after t glimpses:', *(f'  {t}  {error:6.2f} %' for t, error in enumerate(result['by_glimpse'], 1))]
    worst = sorted(((error, name) for name, error in zip(config.classes, result['by_class']) if error is not None),
                   reverse=True)[:SHOWN_CLASSES]
    lines += ['by class, the worst first:', *(f'  {error:6.2f} %  {name}' for error, name in worst)]
    if 'confusion' in result:
        lines += confusion_matrix(result['confusion'], config.classes)
    elif result['worst_pairs']:
        lines += worst_pairs(result['worst_pairs'])
    if 'training_error' in result:
        lines.append(f'on its training digits: {result["training_error"]:.2f} %')
    return '\n'.join(lines)


def confusion_matrix(counts, classes):
    """Lines of a table: a row for each true class, a column for each answer, in percent of the row; a dot is 0.

    Args:
        counts: list of lists of float, scenes by truth and answer.
        classes: the classes' names.
    """
    names = [shortened(name, NARROW) for name in classes]
    width, first = max(5, *map(len, names)), max(map(len, classes))
    lines = ['confusion, in percent of the row: rows are the truth, columns the answer',
             '  ' + ' ' * first + ''.join(f'  {name:>{width}}' for name in names)]
    for name, row in zip(classes, counts):
        cells = [f'{100 * count / sum(row):.1f}' if count else '.' for count in row]
        lines.append(f'  {name:<{first}}' + ''.join(f'  {cell:>{width}}' for cell in cells))
    return lines


def worst_pairs(pairs):
    """Lines that say which classes are most often taken for which others.

    Args:
        pairs: list of dicts, see ``evaluation.evaluate``.
    """
    first = max(len(pair['truth']) for pair in pairs)
    return ['most often confused, in scenes and in percent of the true class:',
            *('  {scenes:6.1f}  {percent:6.2f} %  {truth:<{first}}  taken for  {answer}'.format(first=first, **pair)
              for pair in pairs)]


def shortened(name, most):
    """A name, shortened if it is longer than ``most`` letters."""
    return name if len(name) <= most else name[:most - 1] + '…'
