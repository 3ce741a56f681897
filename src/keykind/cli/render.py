"""`keykind render`: render a labelled dataset.

In:    options
Out:   a folder of photos and labels
Needs: manifold3d, mitsuba                                                                 [render]
"""

import argparse
from pathlib import Path

from keykind.cli.options import add_engine, add_kinds, add_seed, engine
from keykind.cli.output import OK, SOME_UNREADABLE, message, print_errors
from keykind.core.extras import require

HELP = "render labelled photos of invented keys; repeat the command to resume"
CHUNK = 4  # photos sent to a cluster's worker at once: each takes a second, and a lost chunk is repeated


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    parser.add_argument("out", type=Path, metavar="OUT", help="folder of the dataset")
    parser.add_argument("--count", type=int, required=True, metavar="N", help="number of photos")
    add_kinds(parser, "render only these kinds (default: all)")
    parser.add_argument(
        "--scene",
        metavar="NAME",
        help="product, phone, multi (several keys), hand, nothing (no key); default: product, phone in turn",
    )
    parser.add_argument(
        "--size", type=int, default=320, metavar="PX", help="longer side of a photo (default: %(default)s)"
    )
    add_seed(parser)
    parser.add_argument(
        "--workers", type=int, metavar="N", help="number of processes (default: one per CPU core)"
    )
    parser.add_argument(
        "--variant",
        metavar="NAME",
        help="Mitsuba variant: cuda_ad_rgb, llvm_ad_rgb or scalar_rgb (default: the fastest that works here)",
    )
    add_asset_folders(parser)
    add_engine(parser)


def add_asset_folders(parser: argparse.ArgumentParser) -> None:
    """Add the folders of real lights, grounds and photos."""
    contents = {
        "lights": "environment maps (.exr, .hdr) that light three of four photos",
        "grounds": "textures of tables and floors, such as oak_color.jpg with oak_normal.jpg, oak_rough.jpg",
        "behind": "photos without keys, as distant background and as cluttered ground",
        "clutter": "cut-out pictures of small things (.png with transparency) that lie around",
    }
    for name, content in contents.items():
        parser.add_argument(f"--{name}", type=Path, metavar="FOLDER", help=f"folder of {content}")


def interrupted(_: argparse.Namespace) -> str:
    """Return what to do after Ctrl-C."""
    return "repeat the command to render the remaining photos"


def run(options: argparse.Namespace) -> int:
    """Render the photos that the dataset does not have yet."""
    require("render")
    from keykind.render.paint.assets import find_assets
    from keykind.render.sets.job import make_job
    from keykind.render.sets.rendering import open_studio, render_set
    from keykind.render.sets.set_folder import SetFolder

    assets = find_assets(options.lights, options.grounds, options.behind, options.clutter)
    job = make_job(options.count, options.kinds, options.scene, options.size, options.seed, assets)
    folder = SetFolder(options.out)
    studio = open_studio(folder, job, options.variant, options.workers)
    message(studio.variant.description)
    summary = render_set(folder, job, studio, None if options.engine == "local" else engine(options, CHUNK))
    print_errors(summary.failures)
    print(summary)
    return SOME_UNREADABLE if summary.failures else OK
