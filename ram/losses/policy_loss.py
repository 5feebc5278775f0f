"""What a player learns from: REINFORCE for both of its policies, from the final reward alone (paper, section 3.2)."""
import chainer
import chainer.functions as F
import numpy as np

from ram.losses.hybrid_loss import weighted_squared_error


def policy_loss(episode, config):
    """The REINFORCE term of the actions + ``config.reinforce`` times that of the locations + the baseline's error.

    Both are minus the mean over games of sum_t (R - b_t) log pi(. | h_t), with b_t the reward expected at h_t, the
    state that chose: it knows neither the action nor the next location, so it does not bias the gradient.  (R - b_t)
    carries no gradient; constants of log pi are left out.  The baseline's squared error is summed over the steps, too.

    Args:
        episode: a GameEpisode that explored.
        config: the Config; its reinforce and sigma are used.

    Returns:
        The loss, a Variable of shape (), and its terms before weighting: a dict of Variables of shape () with the keys
        'actions', 'locations' (unless the locations were not learned) and 'baseline', and the array of shape ()
        'caught', the share of games won.
    """
    steps, count = episode.actions.shape
    advantage = (episode.reward - episode.baselines.array) / count
    surprise = F.softmax_cross_entropy(episode.logits.reshape(steps * count, -1), episode.actions.reshape(-1),
                                       reduce='no')
    terms = {'caught': episode.reward.mean(dtype=np.float32), 'actions': F.sum(surprise * advantage.reshape(-1)),
             'baseline': weighted_squared_error(episode.baselines, episode.reward, 1 / count)}
    loss = terms['actions'] + terms['baseline']
    if episode.means is not None:
        # log pi(l_{t+1} | h_t) = -|l_{t+1} - mean|^2 / (2 sigma^2)
        weight = (advantage[:-1] / (2 * config.sigma ** 2))[:, :, None]
        terms['locations'] = weighted_squared_error(episode.means, episode.samples, weight)
        loss += config.reinforce * terms['locations']
    return loss, terms


class PolicyLoss(chainer.Chain):
    """What the optimizer minimises: the policy loss of a batch of games.

    Args:
        model: the player to train.

    Attributes:
        reported: what it reports, in the order in which train.py prints it.
    """
    reported = 'loss', 'actions', 'locations', 'baseline', 'error'

    def __init__(self, model):
        super().__init__()
        with self.init_scope():
            self.model = model

    def forward(self, games, rng):
        """The loss of a batch; reports it and its terms.

        Args:
            games: new games, see ``AttentionPlayer.play``; they are played.
            rng: the generator that the player draws from, on its device.

        Returns:
            Variable float32 of shape ().
        """
        episode = self.model.play(games, rng, self.model.config.policy, explore=True)
        loss, terms = policy_loss(episode, self.model.config)
        chainer.report({'loss': loss, **terms, 'error': 1 - terms['caught']}, self)
        return loss
