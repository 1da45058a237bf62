// Writes a point of a latent space down in a browser, as generation/space_net.py does: the likeliest, step by step.
const NEW = 1, FIRST_REPEAT = 2, PATCH_STEPS = 8, REST = 1, FIRST_NOTE = 2;

const ints = (values, shape) => new ort.Tensor("int64", BigInt64Array.from(values, BigInt), shape);
const floats = (values, shape) => new ort.Tensor("float32", Float32Array.from(values), shape);
const largest = (values, first, end) => {
  let best = first;
  for (let i = first + 1; i < end; i++) if (values[i] > values[best]) best = i;
  return best - first;
};

// {url, z, lengths, voices: [{size, isDrums}]} -> symbols[patch][voice][step]
export async function decode({ url, z, lengths, voices }) {
  const plan = await ort.InferenceSession.create(`${url}/plan.onnx`);
  const write = await ort.InferenceSession.create(`${url}/write.onnx`);
  const planned = await plan.run({ z: floats(z, [1, z.length]), lengths: ints(lengths, [1, lengths.length]) });
  const { features, states, cells } = planned;
  const [width, half] = [features.dims[3], states.dims[2] / 2];
  const nCells = cells.dims[3];
  const before = voices.map((voice) => voice.size);
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
      return largest(scores, 0, nCells);
    });
    const own = voices.map(() => new Array(PATCH_STEPS).fill(0));
    symbols.push(own);
    const at = patch * 2 * half;
    let hidden = floats(states.data.slice(at, at + half), [1, half]);
    let cell = floats(states.data.slice(at + half, at + 2 * half), [1, half]);
    for (let step = 0; step < PATCH_STEPS; step++) {
      const first = (patch * PATCH_STEPS + step) * width;
      const written = await write.run({
        features: floats(features.data.slice(first, first + width), [1, width]),
        before: ints(before, [1, voices.length]),
        hidden,
        cell,
      });
      [hidden, cell] = [written.hidden_after, written.cell_after];
      let from = 0;
      voices.forEach((voice, index) => {
        let symbol = largest(written.scores.data, from, from + voice.size);
        from += voice.size;
        if (chosen[index] >= FIRST_REPEAT) symbol = symbols[patch - (chosen[index] - FIRST_REPEAT + 1)][index][step];
        else if (chosen[index] !== NEW) symbol = !voice.isDrums && step === 0 && sounding[index] ? REST : 0;
        if (step >= lengths[patch]) return;
        own[index][step] = symbol;
        before[index] = symbol;
        if (!voice.isDrums && symbol >= FIRST_NOTE) sounding[index] = true;
        if (!voice.isDrums && symbol === REST) sounding[index] = false;
      });
    }
  }
  return symbols;
}
