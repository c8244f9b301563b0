"""What holds for the whole suite: Keras, where it is installed, runs on the backend that is installed with it."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
