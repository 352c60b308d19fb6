"""Every error that oddframe raises on purpose.

    OddframeError                 one line: what is wrong, where, and what to do
    ├── VideoError                a video cannot be read (names the file)
    │   ├── VideoNotFound         nothing is there
    │   └── EmptyVideo            there, but without a single frame that decodes
    ├── SettingsError             an unknown name, an unknown setting, or a value out of range
    ├── SpecError                 this model cannot take what this observer gives
    ├── FitError                  the training video is not enough, or training failed
    ├── Interrupted               training was stopped before its end; says how to go on
    ├── NotFitted                 scoring or saving before fitting
    ├── StoreError                a saved detector or a file of it cannot be read or written
    │   ├── NewerFormat           written by a newer version of oddframe
    │   └── SavedMeanwhile        somebody else saved it since it was loaded
    ├── WorkerDied                a process that observed a video ended without a word
    ├── DataError                 labels or features that do not fit what they describe
    └── WeightsError              a pretrained network's weights are missing, altered or another network's

Warnings (never silent, never fatal) are `OddframeWarning`s; a damaged but partly readable video gives `DamagedVideo`,
one that is left out `SkippedVideo`,
and a detector that was corrected since its threshold was learnt, `StaleThreshold`.
"""

from __future__ import annotations


class OddframeError(Exception):
    """Root of all. Its text is one line that names the file or setting and the remedy."""


class VideoError(OddframeError):
    """A video cannot be read."""


class VideoNotFound(VideoError):
    """No video where one was expected."""


class EmptyVideo(VideoError):
    """A video without a single frame that decodes."""


class SettingsError(OddframeError):
    """An unknown name, an unknown setting, or a value out of range."""


class SpecError(OddframeError):
    """A model that cannot take what an observer gives."""


class FitError(OddframeError):
    """Training video that is not enough, or training that failed."""


class Interrupted(OddframeError):
    """Training that was stopped before its end, by Ctrl-C or because its time was up."""


class NotFitted(OddframeError):
    """Scoring or saving before fitting."""


class StoreError(OddframeError):
    """A saved detector, or one of its files, that cannot be read or written."""


class NewerFormat(StoreError):
    """A detector written by a newer version of oddframe."""


class SavedMeanwhile(StoreError):
    """A detector that somebody else saved since this one was loaded: saving would undo their change."""


class WorkerDied(OddframeError):
    """A process that observed a video ended without a word, as one that is killed for want of memory."""


class DataError(OddframeError):
    """Labels or features that do not fit what they describe."""


class WeightsError(OddframeError):
    """A pretrained network's weights that are missing, altered, or another network's."""


class OddframeWarning(UserWarning):
    """Root of all warnings."""


class StaleThreshold(OddframeWarning):
    """A threshold that is older than what the detector knows; scores are not."""


class SkippedVideo(OddframeWarning):
    """A video that cannot be read and is left out, while the others are used."""


class DamagedVideo(OddframeWarning):
    """A video of which only a part could be read; the text says up to which frame."""
