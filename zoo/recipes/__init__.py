"""One recipe for each way of mapping sequences; each is a whole program, made to be copied."""

from zoo.models.quiet import import_tensorflow

import_tensorflow()
