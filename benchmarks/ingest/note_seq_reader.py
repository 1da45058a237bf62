"""Read MIDI files with note-seq and print notes and CPU seconds as JSON. Runs in note-seq's own environment."""

import json
import sys
import time
import warnings

warnings.filterwarnings("ignore")

from note_seq import midi_io  # noqa: E402 - its imports warn

n_notes = 0
midi_io.midi_file_to_note_sequence(sys.argv[1])  # imports done lazily do not count
started_second = time.process_time()
for path in sys.argv[1:]:
    n_notes += len(midi_io.midi_file_to_note_sequence(path).notes)
print(json.dumps({"notes": n_notes, "cpu_second": time.process_time() - started_second}))
