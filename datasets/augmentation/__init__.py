"""Random changes of training pictures, so that no picture is seen twice in the same form."""
from dataclasses import dataclass

from datasets.augmentation import distortion, tones


@dataclass(frozen=True)
class Augmentation:
    """The largest random changes of training pictures; by default there are none.

    Each value is drawn uniformly, again for each picture.  "A factor up to 1 + a" is between 1 / (1 + a) and 1 + a, and
    its logarithm is uniform.

    Attributes:
        rotate: degrees, in either direction.
        zoom: share by which a picture is enlarged or reduced: a factor up to 1 + zoom.
        shear: pixels by which a row is shifted, in either direction, for each row of distance from the middle.
        elastic: pixels by which a control point is moved, in either direction, down and across.
        flip: whether half of the pictures are mirrored, left to right.
        brightness: tones, from 0 to 1, are raised to a power, a factor up to 1 + brightness.  Black and white do not
            change, so nothing is lost, and models that normalise their images notice it, too.
        contrast: differences from a picture's mean are multiplied by a factor up to 1 + contrast.
        tint: each channel is multiplied by its own factor up to 1 + tint.
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
        """Whether pixels are moved."""
        return bool(self.rotate or self.zoom or self.shear or self.elastic or self.flip)

    @property
    def retones(self):
        """Whether pixels change their values."""
        return bool(self.brightness or self.contrast or self.tint)

    def distort(self, xp, rng, pictures, repeat):
        """Pictures with moved pixels.

        Args:
            xp: numpy or cupy, the module of the arrays.
            rng: generator of that device.
            pictures: uint8 array (N, C, H, W).
            repeat: whether the border of a picture is repeated outside it; otherwise the outside is zero.

        Returns:
            uint8 array (N, C, H, W).
        """
        if not self.distorts:
            return pictures
        points = distortion.draw_points(xp, rng, len(pictures), *pictures.shape[-2:], self)
        return distortion.distorted(xp, pictures, points, repeat)

    def retone(self, xp, rng, pictures):
        """Pictures with changed tones.

        Args and returns: as for :meth:`distort`.
        """
        if not self.retones:
            return pictures
        means = pictures.reshape(len(pictures), -1).mean(axis=1, dtype=xp.float32) / 255
        return tones.retoned(xp, pictures, tones.draw_curves(xp, rng, means, pictures.shape[1], self))


OFF = Augmentation()
