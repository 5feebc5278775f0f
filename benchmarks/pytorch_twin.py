"""The Recurrent Attention Model as an expert would write it in PyTorch, to compare speeds with.

The same networks, sensor, hybrid loss, clipping and Adam as ours, with our parameters' values.
"""
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

GRAPHS = 'reduce-overhead'  # the mode of torch.compile that makes CUDA graphs


class Twin(nn.Module):
    """The twin of a ``RecurrentAttentionModel`` with a linear glimpse network and random first locations.

    Args:
        model: the model, whose Config and weights it takes over.
    """

    def __init__(self, model):
        super().__init__()
        self.config = c = model.config
        glimpse, core = model.glimpse_network, model.core_network
        self.what, self.where = _linear(glimpse.what), _linear(glimpse.where)
        self.from_what, self.from_where = _linear(glimpse.from_what), _linear(glimpse.from_where)
        if c.core == 'relu':
            self.from_state, self.from_glimpse = _linear(core.from_state), _linear(core.from_glimpse)
        else:
            self.lstm = _lstm(core.lstm)
        self.location = _linear(model.location_network.mean)
        self.action = _linear(model.action_network.logits)
        self.baseline = _linear(model.baseline_network.reward)

    def sense(self, padded, locations, margin, size):
        """The glimpses, (B, K * C * patch * patch), by gathering patches from padded images (B, C, H, W)."""
        c, batch = self.config, torch.arange(len(padded), device=padded.device)[:, None, None]
        edges = torch.round((locations + 1) / 2 * size).long()
        found = []
        for k in range(c.scales):
            side = c.patch * c.factor ** k
            span = torch.arange(side, device=padded.device) - side // 2 + margin
            columns, rows = edges[:, :1] + span, edges[:, 1:] + span
            patch = padded[batch, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
            found.append(F.avg_pool2d(patch, c.factor ** k) if k else patch)
        return torch.cat(found, 1).flatten(1)

    def forward(self, images, labels, first, noise):
        """The hybrid loss.

        Args:
            images: float32 tensor (B, C, size, size) in [0, 1].
            labels: int64 tensor (B,).
            first: float32 tensor (B, 2), l_1.
            noise: float32 tensor (T - 1, B, 2), the policy's deviations from its means.

        Returns:
            tensor of shape ().
        """
        c, location = self.config, first
        margin = c.patch * c.factor ** (c.scales - 1)
        padded = F.pad(images, (margin,) * 4)
        h = cell = images.new_zeros(len(images), c.hidden)
        means, samples, states = [], [], []
        for t in range(c.glimpses):
            rho = self.sense(padded, location, margin, images.shape[-1])
            g = F.relu(self.from_what(F.relu(self.what(rho))) + self.from_where(F.relu(self.where(location))))
            if c.core == 'relu':
                h = F.relu(self.from_state(h) + self.from_glimpse(g))
            else:
                h, cell = self.lstm(g, (h, cell))
            if t < c.glimpses - 1:
                mean = torch.tanh(self.location(h))
                sample = (mean + noise[t]).detach()
                means.append(mean)
                samples.append(sample)
                states.append(h.detach())
                location = sample.clamp(-1, 1)
        logits = self.action(h)
        reward = logits.detach().softmax(1).gather(1, labels[:, None])[:, 0]
        baselines = self.baseline(torch.stack(states))[..., 0]
        advantage = (reward - baselines).detach()
        surprise = ((torch.stack(samples) - torch.stack(means)) ** 2).sum(2) / (2 * c.sigma ** 2)
        reinforce = (advantage * surprise).sum(0).mean()
        return F.cross_entropy(logits, labels) + ((reward - baselines) ** 2).mean() + c.reinforce * reinforce


class Training:
    """A training step of a Twin, with the clipping and the optimizer of its Config.

    Args:
        twin: the Twin, on its device.
        mode: that of torch.compile, which compiles the loss; None if it does not.
    """

    def __init__(self, twin, mode=None):
        c, self.twin, self.mode = twin.config, twin, mode
        self.loss = torch.compile(twin, mode=mode) if mode else twin
        weights = [p for p in twin.parameters() if p.ndim > 1]
        biases = [p for p in twin.parameters() if p.ndim == 1]
        self.optimizer = torch.optim.AdamW([dict(params=weights, weight_decay=c.weight_decay),
                                            dict(params=biases, weight_decay=0)], lr=c.lr, fused=True)

    def step(self, images, labels):
        """Learns from a batch."""
        c = self.twin.config
        if self.mode == GRAPHS:
            torch.compiler.cudagraph_mark_step_begin()
        first = torch.rand(len(images), 2, device=images.device) * 2 - 1
        noise = torch.randn(c.glimpses - 1, len(images), 2, device=images.device) * c.sigma
        self.optimizer.zero_grad(set_to_none=True)
        self.loss(images, labels, first, noise).backward()
        torch.nn.utils.clip_grad_norm_(self.twin.parameters(), c.clip)
        self.optimizer.step()


def _linear(link):
    layer = nn.Linear(*link.W.shape[::-1])
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(link.W.array))
        layer.bias.copy_(torch.from_numpy(link.b.array))
    return layer


def _lstm(link):
    """Chainer keeps a unit's gates a, i, f, o together; PyTorch keeps all units of i, f, a, o in blocks."""
    def blocks(rows):
        rows = rows.reshape(-1, 4, *rows.shape[1:])
        return torch.from_numpy(np.concatenate([rows[:, gate] for gate in (1, 2, 0, 3)]))

    cell = nn.LSTMCell(link.upward.W.shape[1], link.lateral.W.shape[1])
    with torch.no_grad():
        cell.weight_ih.copy_(blocks(link.upward.W.array))
        cell.weight_hh.copy_(blocks(link.lateral.W.array))
        cell.bias_ih.copy_(blocks(link.upward.b.array))
        cell.bias_hh.zero_()
    return cell
