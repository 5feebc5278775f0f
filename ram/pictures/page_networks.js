/* ---- The model.  Arrays are float32, as in Python; sums are taken in double precision. ---- */

const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
const add = (a, b) => a + b;
const sigmoid = x => 1 / (1 + Math.exp(-x)), relu = x => x.map(value => Math.max(value, 0));
/** Rounds half to even, as NumPy's rint does. */
function rint(x) {
  const rounded = Math.round(x);
  return Math.abs(x % 1) === 0.5 && rounded % 2 ? rounded - 1 : rounded;
}
/** The edge of a pixel nearest to a coordinate in [-1, 1], where `size` pixels span it; each step in float32. */
const edge = (l, size) => rint(Math.fround(Math.fround(Math.fround(l) + 1) / 2 * size));
/** [left, top] in pixels of the square patch centred on a location [x, y]. */
const corner = ([x, y], {width, height}, side) => [edge(x, width) - (side >> 1), edge(y, height) - (side >> 1)];
/** The retina: patch k is the square of patch * factor^k pixels, reduced by the means of its blocks; zeros outside. */
function sensor(image, location, {patch, scales, factor}) {
  const {channels, height, width, data} = image, glimpse = new Float32Array(scales * channels * patch * patch);
  let i = 0;
  for (let k = 0; k < scales; k++) {
    const block = factor ** k, [left, top] = corner(location, image, patch * block);
    for (let c = 0; c < channels; c++)
      for (let y0 = top; y0 < top + patch * block; y0 += block)
        for (let x0 = left; x0 < left + patch * block; x0 += block) {
          let sum = 0;
          for (let y = Math.max(y0, 0); y < Math.min(y0 + block, height); y++)
            for (let x = Math.max(x0, 0), p = (c * height + y) * width; x < Math.min(x0 + block, width); x++)
              sum += data[p + x];
          glimpse[i++] = sum / (block * block);
        }
  }
  return glimpse;
}
/** Contrast normalisation: each channel gets the mean 0, all together the deviation 1. `means`, `deviation` undo it. */
function normalised(image) {
  const {channels, data} = image, area = data.length / channels, mean = values => values.reduce(add, 0) / values.length;
  const means = Array.from({length: channels}, (_, c) => mean(data.subarray(c * area, (c + 1) * area)));
  const centred = data.map((value, p) => value - means[Math.floor(p / area)]), rest = mean(centred);
  const deviation = Math.sqrt(mean(centred.map(value => (value - rest) ** 2))) + 1e-3;
  return {...image, data: centred.map(value => value / deviation), means, deviation};
}
/** The number of the glimpse, from 0, after which a look stops: its answer is the first to have the probability `until`,
    or it is the last. */
function stopOf(steps, until) {
  const sure = steps.findIndex(({probabilities, answer}) => probabilities[answer] >= until);
  return sure < 0 ? steps.length - 1 : sure;
}
/** The networks of a model. */
class Network {
  /** config: the Config.  weights: by name, {data, rows}; data goes column by column. */
  constructor(config, weights) {
    const sums = new Float64Array(Math.max(...Object.values(weights).map(({rows}) => rows)));
    const reads = config.model === 'reader', steps = config.glimpses * (reads ? config.longest + 1 : 1);
    Object.assign(this, {config, weights, sums, reads, steps, archived: config.model === 'archived'});
  }
  /** The place in the text to which glimpse t, from 0, belongs; a classifier has one place. */
  place(t) { return Math.floor(t / this.config.glimpses); }
  /** The answers that a model gives at these steps of its episode: those after all glimpses of a place. */
  answers(steps) { return steps.filter((_, t) => this.place(t + 1) > this.place(t)).map(({answer}) => answer); }
  /** Whether a model that reads has said that the text ends; the end comes behind the characters. */
  ended(steps) { return this.reads && this.answers(steps).at(-1) === this.config.classes.length; }
  /** W x + b, added to `out` if it is given.  Zeros of x, of which there are many, cost nothing. */
  linear(name, x, out) {
    const {data, rows} = this.weights[`${name}/W`], b = this.weights[`${name}/b`]?.data, sums = this.sums;
    out ??= new Float32Array(rows);
    for (let i = 0; i < rows; i++) sums[i] = out[i] + (b ? b[i] : 0);
    for (let j = 0; j < x.length; j++) {
      const value = x[j], column = j * rows;
      if (value) for (let i = 0; i < rows; i++) sums[i] += data[column + i] * value;
    }
    for (let i = 0; i < rows; i++) out[i] = sums[i];
    return out;
  }
  /** A convolution of 3 x 3 pixels, padded with 1; of each 2 x 2 pixels the largest; rectified.  All pixel by pixel. */
  convolution(name, pixels, side) {
    const {rows} = this.weights[`${name}/W`], channels = pixels.length / side ** 2, half = side >> 1;
    const window = new Float32Array(9 * channels), pooled = new Float32Array(half * half * rows);
    for (let y = 0; y < 2 * half; y++) for (let x = 0; x < 2 * half; x++) {
      for (let dy = 0, i = 0; dy < 3; dy++) for (let dx = 0; dx < 3; dx++, i++) {
        const v = y + dy - 1, u = x + dx - 1, inside = v >= 0 && v < side && u >= 0 && u < side;
        for (let c = 0; c < channels; c++) window[9 * c + i] = inside ? pixels[(v * side + u) * channels + c] : 0;
      }
      const at = ((y >> 1) * half + (x >> 1)) * rows;  // zeros at first, which rectify
      this.linear(name, window).forEach((value, f) => { pooled[at + f] = Math.max(pooled[at + f], value); });
    }
    return pooled;
  }
  /** The features of a glimpse, pixel by pixel: those of two convolutions. */
  features(rho) {
    const {patch} = this.config, area = patch * patch, channels = rho.length / area;
    const pixels = rho.map((_, i) => rho[i % channels * area + Math.floor(i / channels)]);
    const half = this.convolution('glimpse_network/first', pixels, patch);
    return this.convolution('glimpse_network/second', half, patch >> 1);
  }
  /** g_t: what was seen and where, as one vector. */
  glimpse(rho, location) {
    const [whatName, whereName] = this.archived ? ['lrho1', 'll1'] : ['glimpse_network/what', 'glimpse_network/where'];
    const seen = this.config.glimpse_network === 'conv' ? this.features(rho) : rho;
    const what = relu(this.linear(whatName, seen)), where = relu(this.linear(whereName, location));
    if (this.archived) return relu(this.linear('lh2', relu(this.linear('lh1', new Float32Array([...where, ...what])))));
    return relu(this.linear('glimpse_network/from_where', where, this.linear('glimpse_network/from_what', what)));
  }
  /** h_t and, of an LSTM, its cell c_t, from those before. */
  core(g, {h, c}) {
    if (!this.archived && this.config.core === 'relu')
      return {h: relu(this.linear('core_network/from_glimpse', g, this.linear('core_network/from_state', h))), c};
    const name = this.archived ? 'lstm' : 'core_network/lstm';
    const gates = this.linear(`${name}/lateral`, h, this.linear(`${name}/upward`, g));
    const next = {h: new Float32Array(h.length), c: new Float32Array(h.length)};
    for (let u = 0; u < h.length; u++) {  // Chainer interleaves the gates a, i, f, o
      const [a, i, f, o] = gates.subarray(4 * u, 4 * u + 4);
      next.c[u] = Math.tanh(a) * sigmoid(i) + sigmoid(f) * c[u];
      next.h[u] = sigmoid(o) * Math.tanh(next.c[u]);
    }
    return next;
  }
  /** The state before the first glimpse; the mean of the policy for the next location; and the other heads. */
  zeros() { return {h: new Float32Array(this.config.hidden), c: new Float32Array(this.config.hidden)}; }
  location(h) { return this.linear(this.archived ? 'll' : 'location_network/mean', h).map(Math.tanh); }
  logits(h) { return this.linear(this.archived ? 'ly' : 'action_network/logits', h); }
  reward(h) { return this.archived ? sigmoid(this.linear('lb', h)[0]) : this.linear('baseline_network/reward', h)[0]; }
  prepared(image) { return this.config.normalise ? normalised(image) : image; }
  /** Where [x, y] the archived model looks at its location [y, x]: [-1, 1] spans the centres of the pixels. */
  seenAt([y, x], size) {
    return Float32Array.of(x, y).map(l => Math.fround(Math.fround(edge(l, size - 1) / size) * 2) - 1);
  }
  /** Looks T times, or reads up to the first end.  image: as prepared() gives it; first: the first location; others: those of the policy 'random'. */
  rollout(image, first, others) {
    const {config} = this, steps = [];
    let state = this.zeros(), location = Float32Array.from(first);
    for (let t = 0; t < this.steps && !this.ended(steps); t++) {
      const seen = this.archived ? this.seenAt(location, image.width) : location;
      const rho = sensor(image, seen, config);
      state = this.core(this.glimpse(rho, location), state);
      const logits = this.logits(state.h), most = Math.max(...logits);
      const odds = Array.from(logits, value => Math.exp(value - most)), sum = odds.reduce(add);
      steps.push({location: seen, rho, logits, probabilities: odds.map(value => value / sum),
                  answer: logits.indexOf(most), reward: this.reward(state.h)});
      location = config.policy === 'learned' ? this.location(state.h)
        : Float32Array.from(config.policy === 'random' ? others[(t + 1) % others.length] : [0, 0]);
    }
    return steps;
  }
}
