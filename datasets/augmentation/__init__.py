"""How much training pictures are changed at random, so that none is seen twice the same."""
from dataclasses import dataclass

from datasets.augmentation import distortion, tones


@dataclass(frozen=True)
class Augmentation:
    """How much training pictures are changed at most; all is off by default.

    Each value is drawn uniformly, for each picture anew.  "A factor up to 1 + a" is from 1 / (1 + a) to 1 + a,
    uniform in its logarithm.

    Attributes:
        rotate: degrees, either way.
        zoom: share by which things are enlarged or made smaller: a factor up to 1 + zoom.
        shear: pixels that a row is pushed aside, either way, for each row of distance from the middle.
        elastic: pixels that a control point is moved, either way, down and across.
        flip: whether one half of the pictures is mirrored, left to right.
        brightness: the power that tones from 0 to 1 are raised to is a factor up to 1 + brightness.  Black and white
            stay, so that nothing is lost; and it matters to models that normalise their images, too.
        contrast: differences from a picture's mean are multiplied by a factor up to 1 + contrast.
        tint: each channel is multiplied by a factor of its own up to 1 + tint.
    """
    rotate: float = 0.0
    zoom: float = 0.0
    shear: float = 0.0
    elastic: float = 0.0
    flip: bool = False
    brightness: float = 0.0
    contrast: float = 0.0
    tint: float = 0.0

    @property
    def distorts(self):
        """Whether pixels change their places."""
        return bool(self.rotate or self.zoom or self.shear or self.elastic or self.flip)

    @property
    def retones(self):
        """Whether pixels change their values."""
        return bool(self.brightness or self.contrast or self.tint)

    def distort(self, xp, rng, pictures, repeat):
        """Pictures with their pixels in other places.

        Args:
            xp: numpy or cupy, the home of the arrays.
            rng: generator of that device.
            pictures: uint8 array (N, C, H, W).
            repeat: whether outside a picture its border is repeated; else there is zero.

        Returns:
            uint8 array (N, C, H, W).
        """
        if not self.distorts:
            return pictures
        points = distortion.draw_points(xp, rng, len(pictures), *pictures.shape[-2:], self)
        return distortion.distorted(xp, pictures, points, repeat)

    def retone(self, xp, rng, pictures):
        """Pictures with other tones.

        Args and returns: as for :meth:`distort`.
        """
        if not self.retones:
            return pictures
        means = pictures.reshape(len(pictures), -1).mean(axis=1, dtype=xp.float32) / 255
        return tones.retoned(xp, pictures, tones.draw_curves(xp, rng, means, pictures.shape[1], self))


OFF = Augmentation()
