"""The glimpse and core networks unrolled over T glimpses as one function: fewer and fatter matrix products.

It computes what a glimpse network and a core network compute, with their parameters.  What is saved:

- where the paper adds two Linears, their inputs stand side by side in memory and one product serves both;
- going back, only the gradient from h_t to h_{t-1} must be found step by step.  All else (through the glimpse network,
  and to every weight) is found once, for all T glimpses of the batch together.
"""
import chainer


def unroll(images, location, look, sensor, glimpse_network, core_network, steps):
    """Looks ``steps`` times, as ``ram.networks.recurrent_attention.plain_unroll`` does.

    Args:
        images: float32 array (B, C, H, W).
        location: float32 array (B, 2), l_1.
        look: called with t (0 for the first glimpse), the array h_{t+1} (B, hidden) and a float32 array (B, 2), into
            which it writes the next location; not called after the last glimpse.
        sensor: a GlimpseSensor.
        glimpse_network: a glimpse network with a ``fused`` form.
        core_network: a core network with a ``fused`` form.
        steps: number of glimpses T.

    Returns:
        Variable float32 ((T - 1) * B, hidden), h_1 ... h_{T-1} under each other, and Variable float32 (B, hidden), h_T,
        both with gradients to the parameters of both networks; float32 array (T, B, hidden), h_1 ... h_T; float32
        array (T, B, 2), l_1 ... l_T.
    """
    (glimpse, glimpse_parameters), (core, core_parameters) = glimpse_network.fused(), core_network.fused()
    function = Unroll(images, location, look, sensor, glimpse, core, len(glimpse_parameters), steps)
    before, last = function.apply([*glimpse_parameters, *core_parameters])
    return before, last, function.core.states, function.glimpse.locations


class Unroll(chainer.FunctionNode):
    """See :func:`unroll`.  Its gradient cannot be differentiated again."""

    def __init__(self, images, location, look, sensor, fused_glimpse, fused_core, split, steps):
        self.images, self.location, self.look, self.sensor, self.steps = images, location, look, sensor, steps
        self.fused_glimpse, self.fused_core, self.split = fused_glimpse, fused_core, split

    def forward(self, parameters):
        steps, count = self.steps, len(self.images)
        glimpse = self.glimpse = self.fused_glimpse(parameters[:self.split], steps, count)
        core = self.core = self.fused_core(parameters[self.split:], steps, count)
        glimpse.locations[0] = self.location
        for t in range(steps):
            self.sensor.forward((self.images, glimpse.locations[t]), glimpse.rho[t])
            glimpse.step(t, core.inputs[t])
            core.step(t)
            if t < steps - 1:
                self.look(t, core.states[t], glimpse.locations[t + 1])
        return core.outputs

    def backward(self, indexes, grad_outputs):
        # Gradients at the sums before the rectifiers; the rows of all glimpses stand under each other.
        gradient, of_core = self.core.backward(*(g if g is None else g.array for g in grad_outputs))
        of_glimpse = self.glimpse.backward(gradient, self.core.inputs)
        # Each gets an array of its own: an optimizer may change one in place.
        return tuple(chainer.as_variable(array.copy()) for array in (*of_glimpse, *of_core))
