"""What the archived repository minimises, quirk for quirk; see ``ram.agents.archived_model``."""
import chainer
import chainer.functions as F
import numpy as np

from ram.losses.hybrid_loss import HybridLoss


class ArchivedLoss(HybridLoss):
    """What the archived repository minimises, in the hybrid loss's place."""

    def forward(self, images, labels, rng):
        episode = self.model.rollout(images, rng, explore=True)
        reward = (episode.logits.array.argmax(axis=1) == labels).astype(np.float32)[:, None]
        cross_entropy = F.softmax_cross_entropy(episode.logits, labels)
        baseline = F.mean_squared_error(reward, episode.baselines)
        # Quirk: the density assumes the deviation sigma, where sqrt(sigma) was drawn with.
        # Quirk: this is minus log pi, so the REINFORCE term below has the wrong sign and punishes what was rewarded.
        minus_log_pi = F.sum((episode.samples - episode.means) ** 2, axis=2) * (0.5 / self.model.config.sigma ** 2)
        # Quirk: the mean over the steps, where the gradient of the expected reward asks for the sum.
        mean_over_steps = F.mean(minus_log_pi, axis=0)[:, None]
        # Quirk: the baseline is not detached, so that the REINFORCE term trains it too, away from the reward.
        reinforce = F.sum(-mean_over_steps * (reward - episode.baselines)) / len(labels)
        loss = cross_entropy + baseline + reinforce
        chainer.report({'loss': loss, 'cross_entropy': cross_entropy, 'baseline': baseline, 'reinforce': reinforce,
                        'error': 1 - reward.mean()}, self)
        return loss
