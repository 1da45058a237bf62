"""Train and compose as the LSTM Composer does, print one JSON line. Runs in Keras's own environment (requirements.txt).

The program's net: LSTM 512 -> LSTM 256 -> Dense 128 (ReLU) -> 300 symbols. A window of 100 symbols foretells the next
one, and each symbol goes in as one number, its index over the vocabulary's size: with 1,911,724 parameters this is the
size that the earlier figures name, and the input that Keras learns from fastest (an embedding costs it an eighth,
one-hot two fifths). Composing asks `predict` for each note, with the whole window.

Seconds are the process's, of all its threads: on one thread they are what a clock would say if nobody else worked here.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
# TensorFlow's own default only where the processor has AVX-512 VNNI; without, too, it trains this net a third faster.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras
import numpy as np
import tensorflow as tf

N_SYMBOLS, WINDOW, BATCH = 300, 100, 128


def main() -> None:
    parser = argparse.ArgumentParser(prog="python keras_lstm.py", description=__doc__)
    parser.add_argument("--batches", type=int, default=7, help="to train on, after two that warm up")
    parser.add_argument("--notes", type=int, default=20, help="to compose, after two that warm up")
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    model = lstm_composer()
    batch_second = [train_second(model, rng) for _ in range(2 + options.batches)][2:]
    notes_per_second = compose(model, rng, options.notes)
    row = {
        "windows_per_s": BATCH / statistics.median(batch_second),
        "notes_per_s": notes_per_second,
        "n_parameters": model.count_params(),
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__},
    }
    print(json.dumps(row))


def lstm_composer() -> keras.Model:
    """Return the program's net, compiled with its optimizer, everything else left as Keras has it."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((WINDOW, 1)),
            layers.LSTM(512, return_sequences=True),
            layers.LSTM(256),
            layers.Dense(128, activation="relu"),
            layers.Dense(N_SYMBOLS, activation="softmax"),
        ]
    )
    model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy")
    return model


def train_second(model: keras.Model, rng: np.random.Generator) -> float:
    """Return what one batch took, of windows whose symbols are drawn at random: how they sound costs no time."""
    symbols = rng.integers(0, N_SYMBOLS, (BATCH, WINDOW + 1))
    windows = numbers(symbols[:, :-1])
    started_second = time.process_time()
    model.train_on_batch(windows, symbols[:, -1])
    return time.process_time() - started_second


def compose(model: keras.Model, rng: np.random.Generator, n_notes: int) -> float:
    """Return notes per second, one `predict` with the whole window for each."""
    song = list(rng.integers(0, N_SYMBOLS, WINDOW))
    note_second = []
    for _ in range(2 + n_notes):
        started_second = time.process_time()
        forecast = model.predict(numbers(np.array([song[-WINDOW:]])), verbose=0)
        song.append(int(forecast[0].argmax()))
        note_second.append(time.process_time() - started_second)
    return 1 / statistics.median(note_second[2:])


def numbers(symbols: np.ndarray) -> np.ndarray:
    """int[B, T] -> float32[B, T, 1]: each symbol's share of the vocabulary's size."""
    return (symbols[..., None] / N_SYMBOLS).astype(np.float32)


if __name__ == "__main__":
    main()
