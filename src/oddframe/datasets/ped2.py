"""UCSD Ped2: people walk across the picture. 16 training and 12 testing clips, 360 x 240; all have masks.

How it must be packed: see `oddframe.datasets.ucsd`.
"""

from __future__ import annotations

from oddframe.datasets.ucsd import UCSD


class Ped2(UCSD):
    """UCSD Ped2: walkers are normal; bicycles, skateboards, carts and wheelchairs are not.

    Args:
        root: the folder `UCSDped2`, the one above it, or one in the common form (`training/frames/01` ...).
    """

    name = "ped2"
    archive = "UCSDped2"
