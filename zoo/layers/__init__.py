"""What Keras lacks; for everything else the recipes use Keras's own layers."""

from zoo.layers.attention import Attention, Memory
from zoo.layers.augmentation import Augmentation
from zoo.layers.cells import PeepholeLSTMCell, SimplifiedGRUCell
from zoo.layers.characters import CharacterRNN
from zoo.layers.crf import CRF
from zoo.layers.decoder import Decoder
from zoo.layers.embedding import SubwordEmbedding, WordDropout
from zoo.layers.image_encoders import check_image_encoder, image_encoder
from zoo.layers.pooling import MaskedPooling
from zoo.layers.recurrent import CELLS, Cell, recurrent, states_of

__all__ = [
    "CELLS",
    "CRF",
    "Attention",
    "Augmentation",
    "Cell",
    "CharacterRNN",
    "Decoder",
    "MaskedPooling",
    "Memory",
    "PeepholeLSTMCell",
    "SimplifiedGRUCell",
    "SubwordEmbedding",
    "WordDropout",
    "check_image_encoder",
    "image_encoder",
    "recurrent",
    "states_of",
]
