"""The loss of the archived repository, with all its quirks; see ``ram.agents.archived_model``."""
import chainer
import chainer.functions as F
import numpy as np

from ram.losses.hybrid_loss import HybridLoss


class ArchivedLoss(HybridLoss):
    """The loss of the archived repository; it replaces the hybrid loss."""

    def forward(self, images, labels, rng):
        episode = self.model.rollout(images, rng, explore=True)
        reward = (episode.logits.array.argmax(axis=1) == labels).astype(np.float32)[:, None]
        cross_entropy = F.softmax_cross_entropy(episode.logits, labels)
        baseline = F.mean_squared_error(reward, episode.baselines)
        # Quirk: the density assumes the deviation sigma, but the locations were drawn with sqrt(sigma).
        # Quirk: this is minus log pi, so the REINFORCE term below has the wrong sign and punishes rewarded locations.
        minus_log_pi = F.sum((episode.samples - episode.means) ** 2, axis=2) * (0.5 / self.model.config.sigma ** 2)
        # Quirk: this is the mean over the steps; the gradient of the expected reward needs the sum.
        mean_over_steps = F.mean(minus_log_pi, axis=0)[:, None]
        # Quirk: the baseline is not detached, so the REINFORCE term trains it too, away from the reward.
        reinforce = F.sum(-mean_over_steps * (reward - episode.baselines)) / len(labels)
        loss = cross_entropy + baseline + reinforce
        chainer.report({'loss': loss, 'cross_entropy': cross_entropy, 'baseline': baseline, 'reinforce': reinforce,
                        'error': 1 - reward.mean()}, self)
        return loss
