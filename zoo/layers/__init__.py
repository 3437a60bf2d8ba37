"""What Keras lacks; for everything else the recipes use Keras's own layers."""

from zoo.data.tags import bio_constraints
from zoo.layers.attention import Attention, Memory
from zoo.layers.augmentation import Augmentation
from zoo.layers.blank import blank_behind
from zoo.layers.cells import PeepholeLSTMCell, SimplifiedGRUCell
from zoo.layers.characters import CharacterRNN
from zoo.layers.crf import CRF
from zoo.layers.decoder import Decoder
from zoo.layers.elsewhere import from_elsewhere
from zoo.layers.embedding import SubwordEmbedding, WordDropout, tied_embedding, word_dropout
from zoo.layers.familiarity import Familiarity
from zoo.layers.frame_masking import FrameMasking
from zoo.layers.image_encoders import check_image_encoder, image_encoder
from zoo.layers.over_time import over_time
from zoo.layers.parallel import MinGRUCell, MinLSTMCell, ParallelRNN, linear_scan
from zoo.layers.pooling import MaskedPooling
from zoo.layers.quantiles import quantiles_in_order
from zoo.layers.recurrent import CELLS, AnyCell, Cell, recurrent, states_of, time_delay
from zoo.layers.sequence_conv import SequenceConv1D, SequenceConv2D
from zoo.layers.signal_augmentation import SignalAugmentation

__all__ = [
    "CELLS",
    "CRF",
    "AnyCell",
    "Attention",
    "Augmentation",
    "Cell",
    "CharacterRNN",
    "Decoder",
    "Familiarity",
    "FrameMasking",
    "MaskedPooling",
    "Memory",
    "MinGRUCell",
    "MinLSTMCell",
    "ParallelRNN",
    "PeepholeLSTMCell",
    "SequenceConv1D",
    "SequenceConv2D",
    "SignalAugmentation",
    "SimplifiedGRUCell",
    "SubwordEmbedding",
    "WordDropout",
    "bio_constraints",
    "blank_behind",
    "check_image_encoder",
    "from_elsewhere",
    "image_encoder",
    "linear_scan",
    "over_time",
    "quantiles_in_order",
    "recurrent",
    "states_of",
    "tied_embedding",
    "time_delay",
    "word_dropout",
]
