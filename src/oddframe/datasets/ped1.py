"""UCSD Ped1: people walk towards the camera and away. 34 training and 36 testing clips, 238 x 158; 10 have masks.

How it must be packed: see `oddframe.datasets.ucsd`.
"""

from __future__ import annotations

from oddframe.datasets.ucsd import UCSD


class Ped1(UCSD):
    """UCSD Ped1: walkers are normal; bicycles, skateboards, carts and wheelchairs are not.

    Args:
        root: the folder `UCSDped1`, the one above it, or one in the common form (`training/frames/01` ...).
    """

    name = "ped1"
    archive = "UCSDped1"
