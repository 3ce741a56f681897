"""Convert sRGB hex codes, HSV and colour temperatures to linear RGB; blend and map colours.

In:    "8a6b4c", 2700 K, random generator
Out:   float32 linear RGB, 0..1
Needs: numpy    [render]
"""

import numpy as np

STEPS = 256  # of a colour map; finer than the steps of an 8-bit photo
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)  # of linear sRGB (Rec. 709)


def srgb_to_linear(srgb: np.ndarray) -> np.ndarray:
    """Convert sRGB values 0..1 of any shape to linear float32 (IEC 61966-2-1)."""
    v = np.asarray(srgb, dtype=np.float32)
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4).astype(np.float32)


LINEAR_OF_BYTE = srgb_to_linear(np.arange(256, dtype=np.float32) / 255.0)


def hex_colour(srgb: str) -> np.ndarray:
    """Return the linear RGB (3,) of an sRGB code such as "8a6b4c"."""
    return np.asarray(LINEAR_OF_BYTE[np.frombuffer(bytes.fromhex(srgb), dtype=np.uint8)])


def hex_colours(srgb: str) -> np.ndarray:
    """Return the linear RGB (n, 3) of sRGB codes separated by spaces."""
    return np.stack([hex_colour(part) for part in srgb.split()])


def hsv(hue: float, saturation: float, value: float) -> np.ndarray:
    """Return the linear RGB (3,) of an HSV colour in sRGB; all arguments 0..1."""
    pure = np.clip(np.abs((hue * 6.0 + np.array([0.0, 4.0, 2.0])) % 6.0 - 3.0) - 1.0, 0.0, 1.0)
    return srgb_to_linear(value * (1.0 - saturation * (1.0 - pure)))


def jitter(
    colour: np.ndarray, rng: np.random.Generator, light: float = 0.2, tint: float = 0.06
) -> np.ndarray:
    """Return colours (..., 3) with a random brightness and tint, as samples of one material differ.

    light, tint: standard deviations of the logarithm, of all channels together and of each.
    """
    factor = np.exp(rng.normal(0.0, light)) * np.exp(rng.normal(0.0, tint, 3))
    return np.asarray(np.clip(colour * factor, 0.0, 1.0), dtype=np.float32)


def colour_map(values: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Map values (h, w) in 0..1 through evenly spaced colours (n, 3); return (h, w, 3)."""
    stops = np.linspace(0.0, 1.0, len(colours))
    steps = np.linspace(0.0, 1.0, STEPS)
    table = np.stack([np.interp(steps, stops, colours[:, c]) for c in range(3)], axis=1).astype(np.float32)
    index = np.clip(values * np.float32(STEPS - 1), 0, STEPS - 1).astype(np.intp)
    return np.take(table, index, axis=0)


def blend(under: np.ndarray, over: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return `under` (h, w, 3) where the mask (h, w) is 0, `over` where it is 1, linear in between."""
    return np.asarray(under + (over - under) * mask[..., None])


def blackbody(kelvin: float) -> np.ndarray:
    """Return the linear RGB (3,) of a black body, luminance 1, for 1700 to 25000 K.

    Source: Kim et al. 2002, US patent 7024034: cubic fit of the Planckian locus in CIE xy.
    """
    t = 1000.0 / kelvin
    if kelvin < 4000:
        x = -0.2661239 * t**3 - 0.2343589 * t**2 + 0.8776956 * t + 0.179910
    else:
        x = -3.0258469 * t**3 + 2.1070379 * t**2 + 0.2226347 * t + 0.240390
    if kelvin < 2222:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif kelvin < 4000:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    xyz = np.array([x / y, 1.0, (1.0 - x - y) / y])
    to_rgb = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    rgb = np.maximum(to_rgb @ xyz, 0.01)
    return np.asarray(rgb / (rgb @ LUMINANCE), dtype=np.float32)
