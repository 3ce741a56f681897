"""Draw the camera style of product and phone photos.

In:    random generator
Out:   CameraStyle
Needs: numpy, pillow, manifold3d    [render]
"""

import numpy as np

from keykind.render.scenes.scene import CameraStyle


def product_style(white: bool, rng: np.random.Generator) -> CameraStyle:
    """Return the style of a product photo; white: the background is overexposed to white, or cut out."""
    return CameraStyle(
        exposure=float(rng.uniform(0.95, 1.5)) if white else float(rng.uniform(0.6, 1.0)),
        share=0.6 if white else 0.9,
        burnt=float(rng.uniform(0.6, 1.3)) if white else float(rng.uniform(0.5, 1.1)),
        cast=_cast(0.03, rng),
        contrast=float(rng.normal(1.05, 0.12)),
        saturation=float(np.clip(rng.normal(1.0, 0.14), 0.3, 1.4)) if rng.random() < 0.9 else 0.0,
        vignette=float(rng.uniform(0, 0.1)),
        blur=float(rng.uniform(0, 0.002)),
        shake=(0.0, 0.0),
        noise=float(rng.uniform(0, 0.01)),
        sharpening=float(min(rng.exponential(0.3), 1.0)),
        quality=int(rng.integers(60, 96)),
        reduction=float(rng.uniform(0.45, 1)) if rng.random() < 0.35 else 1.0,
        cut_out=bool(white and rng.random() < 0.45),
        graphics=bool(rng.random() < 0.22),
    )


def phone_style(rng: np.random.Generator) -> CameraStyle:
    """Return the style of a hand-held photo: mostly sharp and well exposed, sometimes not."""
    return CameraStyle(
        exposure=float(np.exp(rng.normal(np.log(0.62), 0.3))),
        share=float(rng.uniform(0.8, 0.97)),
        burnt=float(np.exp(rng.normal(np.log(0.75), 0.35))),
        cast=_cast(0.09, rng),
        contrast=float(rng.normal(1.1, 0.18)),
        saturation=float(np.clip(rng.normal(0.97, 0.17), 0.2, 1.4)) if rng.random() < 0.96 else 0.0,
        vignette=float(rng.uniform(0, 0.4)),
        blur=float(rng.exponential(0.0012)) if rng.random() < 0.6 else 0.0,
        shake=(float(rng.exponential(0.006)), float(rng.uniform(0, 180)))
        if rng.random() < 0.2
        else (0.0, 0.0),
        noise=float(rng.exponential(0.018)),
        sharpening=float(min(rng.exponential(0.3), 1.2)),
        quality=int(rng.integers(45, 95)),
        reduction=float(rng.uniform(0.4, 1)) if rng.random() < 0.25 else 1.0,
        cut_out=False,
        graphics=bool(rng.random() < 0.04),
    )


def _cast(spread: float, rng: np.random.Generator) -> tuple[float, float, float]:
    """Return RGB gains between bluish and yellowish, with a little green or magenta."""
    warm, green = float(rng.normal(0, spread)), float(rng.normal(0, spread / 3))
    return (1 + warm, 1 + green, 1 - warm)
