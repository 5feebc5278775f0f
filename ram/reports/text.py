"""The result of ``evaluation.evaluate`` as a text for the terminal."""
from datasets import shown
from ram.registry import DATASETS

SHOWN_CLASSES = 10
NARROW, WIDE = 6, 40  # columns of a class's name above a column of a table and before a row


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
    lines = [f'{shown.text(DATASETS[config.dataset].name(config))}, {who}',
             f'{result["split"]} error {result["test_error"]:.2f} %, 95% interval {low:.2f} to {high:.2f} '
             f'({result["n"]} {result["split"]} scenes{over}); {model.count_params():,} parameters']
    if 'passes' in result:
        lines.append('error with {passes} passes {passes_error:.2f} %, 95% interval {0:.2f} to {1:.2f} (the mean '
                     'probabilities decide)'.format(*result['passes_ci95'], **result))
    if model.gaze:
        lines += ['after t glimpses:', *(f'  {t}  {error:6.2f} %' for t, error in enumerate(result['by_glimpse'], 1))]
    worst = sorted(((error, name) for name, error in zip(config.classes, result['by_class']) if error is not None),
                   reverse=True)[:SHOWN_CLASSES]
    lines += ['by class, the worst first:', *(f'  {error:6.2f} %  {shown.text(name)}' for error, name in worst)]
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
    heads, names = shown.labels(classes, NARROW), shown.labels(classes, WIDE)
    width, first = max(5, *map(shown.width, heads)), max(map(shown.width, names))
    lines = ['confusion, in percent of the row: rows are the truth, columns the answer',
             '  ' + ' ' * first + ''.join('  ' + shown.right(head, width) for head in heads)]
    for name, row in zip(names, counts):
        cells = [f'{100 * count / sum(row):.1f}' if count else '.' for count in row]
        lines.append('  ' + shown.left(name, first) + ''.join(f'  {cell:>{width}}' for cell in cells))
    return lines


def worst_pairs(pairs):
    """Lines that say which classes are most often taken for which others.

    Args:
        pairs: list of dicts, see ``evaluation.evaluate``.
    """
    rows = [(pair, *(shown.text(pair[key]) for key in ('truth', 'answer'))) for pair in pairs]
    first = min(WIDE, max(shown.width(truth) for _, truth, _ in rows))
    return ['most often confused, in scenes and in percent of the true class:',
            *(f'  {pair["scenes"]:6.1f}  {pair["percent"]:6.2f} %  {shown.left(truth, first)}  taken for  {answer}'
              for pair, truth, answer in rows)]
