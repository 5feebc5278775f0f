/* ---- What is shown, and how it is looked at. ---- */

const BARS = 10, STARTS = 200, PAUSE = 750;  // bars shown; first locations; ms between glimpses
const $ = id => document.getElementById(id);
/** An element with these properties and children. */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name);
const percent = share => share > 0.995 && share < 1 ? '> 99%' : `${Math.round(100 * share)}%`;
const entries = JSON.parse($('exhibits').textContent), unpacked = [];
const state = {exhibit: null, source: 'test', scene: 0, strokes: [], digit: {}, place: [0, 0], pieces: [],
  picture: null, image: null, margin: 0, start: [0, 0], others: [], episode: [], step: 0, playing: false, ms: 0};
let stale = false, frame = 0, timer = 0, spoken = 0;
let drag = null;  // the digit that is being moved, or the first glimpse

/** A location in [-1, 1]^2, from random numbers in [0, 1]; a first one is drawn as in training. */
const anywhere = (u = Math.random(), v = Math.random()) => [2 * u - 1, 2 * v - 1];
const firstAnywhere = (...at) => anywhere(...at).map(l => l * state.exhibit.config.start_range);
function startAt(kind) {
  const {network, config} = state.exhibit;
  const starts = {center: () => [0, 0], learned: () => network.location(network.zeros().h), random: firstAnywhere};
  state.start = firstOf(starts[kind]());
  state.others = Array.from({length: network.steps}, () => anywhere());
}
/** A location of the model's loop from [x, y], and back: those of the archived model are [y, x]. */
const firstOf = ([x, y]) => state.exhibit.network.archived ? [y, x] : [x, y];
/** Looks at the scene afresh, then draws; `play` shows the glimpses one after the other, else the last is shown. */
function refresh(play = false) {
  stale = true;
  state.playing = play && !matchMedia('(prefers-reduced-motion: reduce)').matches;
  state.step = 0;  // look() moves it on to the last if it does not play
  redraw();
}
/** The probability at which it stops looking; Infinity if it always takes all glimpses. */
const threshold = () => $('sure').checked && !state.exhibit.network.reads ? +$('until').value : Infinity;
function redraw() {
  frame ||= requestAnimationFrame(() => { frame = 0; if (stale) look(); draw(); });
}
function look() {
  const {exhibit} = state, {network} = exhibit;
  stale = false;
  state.image = {test: () => exhibit.images[state.scene], draw: drawnScene, picture: pictureScene}[state.source]();
  state.truth = state.source === 'test' ? exhibit.truths[state.scene] : null;
  const before = performance.now();
  state.seen = network.prepared(state.image);
  state.episode = network.rollout(state.seen, firstOf(state.start), state.others);
  state.stop = stopOf(state.episode, threshold());
  if (!state.playing) state.step = state.stop;
  const ms = (performance.now() - before) / state.episode.length;
  state.ms += (ms - state.ms) * (state.ms ? 0.2 : 1);
  if (!drag) state.margin = marginOf(exhibit);  // what one drags stays under the pointer
  if (state.many) lookFromMany();
}
/** Rollouts from many first locations, evenly spread, a few between two frames. */
function lookFromMany() {
  const {network} = state.exhibit, many = state.many = {ends: [], answers: []}, seen = state.seen;
  function some() {
    if (state.many !== many) return;  // the scene has changed, or the panel is closed
    const until = performance.now() + 10;
    while (many.ends.length < STARTS && performance.now() < until) {
      const i = many.ends.length, others = state.others.map((_, t) => anywhere(...spread(i + STARTS * (t + 1))));
      const steps = network.rollout(seen, firstOf(firstAnywhere(...spread(i))), others);
      const last = steps[stopOf(steps, threshold())];
      many.ends.push(last.location);
      many.answers.push(last.answer);
    }
    drawMany();
    if (many.ends.length < STARTS) setTimeout(some);
  }
  some();
}
/** The i-th of points that fill the square [0, 1]^2 evenly (the R2 sequence). */
const spread = i => [(0.5 + i * 0.7548776662466927) % 1, (0.5 + i * 0.5698402909980532) % 1];
