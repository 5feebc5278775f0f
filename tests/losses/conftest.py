import chainer


def observed(loss, *batch):
    """What a loss reports of a batch, by name, and what it returns."""
    reporter, observation = chainer.Reporter(), {}
    reporter.add_observer('main', loss)
    with reporter.scope(observation):
        result = loss(*batch)
    return {name.split('main/')[1]: float(getattr(value, 'array', value)) for name, value in observation.items()
            }, float(result.array)
