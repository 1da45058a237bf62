// Writes a point of a latent space down in a browser, as generation/space_net.py does: the likeliest, step by step.
const NEW = 1, FIRST_REPEAT = 2, PATCH_STEPS = 8, REST = 1n, FIRST_NOTE = 2n, NOBODY = 0;
const N_LOWEST = 90, N_ABOVE = 48, N_LENGTHS = 16;

const ints = (values, shape) => new ort.Tensor("int64", BigInt64Array.from(values, BigInt), shape);
const floats = (values, shape) => new ort.Tensor("float32", Float32Array.from(values), shape);
const largest = (values, first, end) => {
  let best = first;
  for (let i = first + 1; i < end; i++) if (values[i] > values[best]) best = i;
  return best - first;
};

// A part's lowest note, what is struck above it, how long it sounds -> one number (representations/chord_grid.py).
const chord = (scores, first) => {
  const lowest = largest(scores, first, first + N_LOWEST);
  if (BigInt(lowest) < FIRST_NOTE) return 0n;
  let symbol = BigInt(lowest);
  for (let above = 0; above < N_ABOVE; above++) {
    if (scores[first + N_LOWEST + above] > 0) symbol |= 1n << BigInt(12 + above);
  }
  const lengths = first + N_LOWEST + N_ABOVE;
  return symbol | (BigInt(largest(scores, lengths, lengths + N_LENGTHS)) << 8n);
};

// {url, z, lengths, players, voices: [{size, nScores, kind}]} -> symbols[patch][voice][step], as BigInt.
// Voices are lines, drums or parts; graphs of spaces of parts are told who plays them.
export async function decode({ url, z, lengths, players, voices }) {
  const hasParts = voices.some((voice) => voice.kind === "part");
  const who = hasParts ? { players: ints(players, [1, voices.length]) } : {};
  const plan = await ort.InferenceSession.create(`${url}/plan.onnx`);
  const write = await ort.InferenceSession.create(`${url}/write.onnx`);
  const planned = await plan.run({ z: floats(z, [1, z.length]), lengths: ints(lengths, [1, lengths.length]), ...who });
  const { features, states, cells } = planned;
  const [width, half] = [features.dims[3], states.dims[2] / 2];
  const nCells = cells.dims[3];
  const before = voices.map((voice) => BigInt(voice.size));
  const sounding = voices.map(() => false);
  const symbols = [];
  for (let patch = 0; patch < lengths.length; patch++) {
    const chosen = voices.map((_, voice) => {
      const first = (patch * voices.length + voice) * nCells;
      const scores = cells.data.slice(first, first + nCells);
      for (let cell = FIRST_REPEAT; cell < nCells; cell++) {
        const source = patch - (cell - FIRST_REPEAT + 1);
        if (source < 0 || lengths[source] !== lengths[patch]) scores[cell] = -Infinity;
      }
      return hasParts && players[voice] === NOBODY ? NEW - 1 : largest(scores, 0, nCells);
    });
    const own = voices.map(() => new Array(PATCH_STEPS).fill(0n));
    symbols.push(own);
    const at = patch * 2 * half;
    let hidden = floats(states.data.slice(at, at + half), [1, half]);
    let cell = floats(states.data.slice(at + half, at + 2 * half), [1, half]);
    for (let step = 0; step < PATCH_STEPS; step++) {
      const first = (patch * PATCH_STEPS + step) * width;
      const written = await write.run({
        features: floats(features.data.slice(first, first + width), [1, width]),
        before: ints(before, [1, voices.length]),
        ...who,
        hidden,
        cell,
      });
      [hidden, cell] = [written.hidden_after, written.cell_after];
      let from = 0;
      voices.forEach((voice, index) => {
        const scores = written.scores.data;
        let symbol = voice.kind === "part" ? chord(scores, from) : BigInt(largest(scores, from, from + voice.nScores));
        from += voice.nScores;
        if (chosen[index] >= FIRST_REPEAT) symbol = symbols[patch - (chosen[index] - FIRST_REPEAT + 1)][index][step];
        else if (chosen[index] !== NEW) symbol = voice.kind === "line" && step === 0 && sounding[index] ? REST : 0n;
        if (step >= lengths[patch]) return;
        own[index][step] = symbol;
        before[index] = symbol;
        if (symbol >= FIRST_NOTE) sounding[index] = true;
        if (symbol === REST) sounding[index] = false;
      });
    }
  }
  return symbols;
}
