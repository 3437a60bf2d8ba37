"""How a model is trained: settings, one folder a run, and a fit that continues where it was stopped."""

from zoo.training.auxiliary import ALSO, Auxiliary
from zoo.training.calibration import (
    calibrated,
    conformal_factors,
    fit_confidence,
    fitted_weights,
    logistic_weights,
)
from zoo.training.carried import Carried, read, state_names, zero_states
from zoo.training.familiarity import FEWEST, fit_familiarity
from zoo.training.fitting import Outcome, called_too, fit
from zoo.training.folder import RUNS, Folder, check_name
from zoo.training.losses import (
    CRFLoss,
    CTCLoss,
    MixtureLoss,
    PinballLoss,
    SequenceCrossentropy,
    WindowCrossentropy,
)
from zoo.training.optimizer import make_optimizer
from zoo.training.past import Past, instead_of_training
from zoo.training.ranges import Count, Levels, NotNegative, Positive, Range, Share, Size, check_ranges
from zoo.training.rewarded import Rewarded
from zoo.training.run import Run
from zoo.training.sampled import Sampled, SampledCrossentropy, windowed
from zoo.training.settings import ELSEWHERE, Elsewhere, Search, Settings, Storage, start
from zoo.training.teaching import taught

__all__ = [
    "ALSO",
    "ELSEWHERE",
    "FEWEST",
    "RUNS",
    "Auxiliary",
    "CRFLoss",
    "CTCLoss",
    "Carried",
    "Count",
    "Elsewhere",
    "Folder",
    "Levels",
    "MixtureLoss",
    "NotNegative",
    "Outcome",
    "Past",
    "PinballLoss",
    "Positive",
    "Range",
    "Rewarded",
    "Run",
    "Sampled",
    "SampledCrossentropy",
    "Search",
    "SequenceCrossentropy",
    "Settings",
    "Share",
    "Size",
    "Storage",
    "WindowCrossentropy",
    "calibrated",
    "called_too",
    "check_name",
    "check_ranges",
    "conformal_factors",
    "fit",
    "fit_confidence",
    "fit_familiarity",
    "fitted_weights",
    "instead_of_training",
    "logistic_weights",
    "make_optimizer",
    "read",
    "start",
    "state_names",
    "taught",
    "windowed",
    "zero_states",
]
