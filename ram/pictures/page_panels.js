/* ---- The panels, each as its state says. ---- */

const PLAY = 'M4 2.5v11l10-5.5z', STOP = 'M3.5 3h3.5v10H3.5zM9 3h3.5v10H9z';
function draw() {
  const {episode, step, exhibit, stop} = state;
  state.playing &&= step < stop;
  for (const part of [drawStage, drawRetina, drawMind, drawLines]) part();
  $('step').max = episode.length;
  $('step').value = step + 1;
  $('count').textContent = `glimpse ${step + 1} of ${episode.length}`;
  const sure = Math.max(...episode[stop].probabilities) >= threshold() ? 'Sure' : 'Not sure';
  $('stopped').textContent = $('sure').checked && step >= stop ? `${sure} after ${stop + 1} of ${episode.length}.` : '';
  $('back').disabled = step === 0;
  $('forward').disabled = step === episode.length - 1;
  $('play').ariaLabel = state.playing ? 'Pause' : 'Play';
  $('play-icon').setAttribute('d', state.playing ? STOP : PLAY);
  $('speed').textContent = `A glimpse takes ${state.ms < 1 ? state.ms.toFixed(2) : state.ms.toFixed(1)} ms here.`;
  const [x, y] = pixelOf(episode[step].location, exhibit.config.size).map(Math.round);
  $('stage').ariaLabel = `Scene. Glimpse ${step + 1} is ${x} right and ${y} down, of ${exhibit.config.size} pixels.`;
  clearTimeout(timer);
  if (state.playing) timer = setTimeout(() => { stepTo(step + 1, true); }, PAUSE);
}
function drawPad() {
  const context = Object.assign(contextOf($('pad'), 1), {
    fillStyle: '#9aa4b2', font: '0.065px system-ui, sans-serif', textAlign: 'center',
    strokeStyle: '#fff', lineCap: 'round', lineJoin: 'round', lineWidth: $('stroke').value / state.digit.pad});
  context.clearRect(0, 0, 1, 1);
  if (!state.strokes.length) context.fillText(`Draw ${state.digit.what} here`, 0.5, 0.5);
  for (const line of state.strokes) {
    context.beginPath();
    line.forEach(point => context.lineTo(...point));
    context.lineTo(...line.at(-1));
    context.stroke();
  }
  context.fillStyle = pen.down ? '#ffb000' : '#7db9f5';
  if (pen.keyboard) context.fillRect(pen.at[0] - 0.015, pen.at[1] - 0.015, 0.03, 0.03);
  $('stroke-width').textContent = `${(+$('stroke').value).toFixed(1)} px`;
  $('undo').disabled = $('clear').disabled = !state.strokes.length;
}
const room = () => state.exhibit.config.size - state.digit.side;  // pixels that the digit can be moved by
const moveDigit = (...xy) => { state.place = xy.map(value => clamp(Math.round(value), 0, room())); };
const lookFirst = (...xy) => { state.start = xy.map(u => clamp(u / state.exhibit.config.size * 2 - 1, -1, 1)); };
/** Shows the panel of a source of scenes. */
function choose(source, play = source === 'test') {
  state.source = source;
  for (const panel of document.querySelectorAll('[data-panel]')) panel.hidden = panel.dataset.panel !== source;
  document.querySelector(`[name=source][value=${source}]`).checked = true;
  $('stage').classList.toggle('movable', source === 'draw' && room() > 0);
  $('stage-hint').textContent = (matchMedia('(pointer: coarse)').matches ? 'Tap to set the first glimpse'
    : 'Click to set the first glimpse, or focus the scene and use the arrow keys') +
    (source === 'draw' && room() ? '. Drag the digit to move it, or use shift and the arrow keys.' : '.');
  if (source === 'draw') drawPad();
  refresh(play);
}
async function show(index) {
  const exhibit = unpacked[index] ??= await unpack(entries[index]), {config} = exhibit;
  if ($('model').selectedIndex !== index) return;  // another was chosen meanwhile
  state.exhibit = exhibit;
  const draw = config.classes.join('') === '0123456789' || drawnFreely(exhibit);
  const has = {test: exhibit.images.length, draw, picture: true};
  const {archived, reads} = exhibit.network, squares = `${config.patch} × ${config.patch}`;
  const core = archived || config.core === 'lstm' ? 'LSTM' : 'ReLU';
  const convolutions = config.glimpse_network === 'conv' ? 'convolutional glimpse network, ' : '';
  $('about').textContent = `${exhibit.name}: ${convolutions}${core} core, ` +
    `${exhibit.count.toLocaleString('en')} weights; the model sees ${config.size} × ${config.size} pixels` +
    (reads ? `; after every ${config.glimpses} glimpses it names a character, or the end` : '');
  $('retina-text').textContent = config.scales === 1 ? `a patch of ${squares} pixels`
    : `${config.scales} patches, each reduced to ${squares} pixels`;
  const sides = Array.from({length: config.scales}, (_, k) => config.patch * config.factor ** k);
  $('retina').replaceChildren(...sides.map(side =>
    make('figure', {}, make('canvas'), make('figcaption', {}, `${side} × ${side} pixels`))));
  const b = 'Linear(h<sub>t</sub>)', g = archived ? 'ReLU(Linear(ReLU(Linear([h<sub>l</sub>, h<sub>g</sub>]))))'
    : 'ReLU(Linear(h<sub>g</sub>) + Linear(h<sub>l</sub>))';
  $('core-equation').innerHTML = 'h<sub>t</sub> = ' + (core === 'LSTM' ? 'LSTM(h<sub>t−1</sub>, g<sub>t</sub>)'
    : 'ReLU(Linear(h<sub>t−1</sub>) + Linear(g<sub>t</sub>))');
  $('baseline-equation').innerHTML = archived ? `b<sub>t</sub> = sigmoid(${b})` : `b<sub>t+1</sub> = ${b}`;
  const h = reads ? 'h<sub>sN</sub>' : 'h<sub>t</sub>';
  $('answer-equation').innerHTML = `p(a${reads ? '<sub>s</sub>' : ''} | ${h}) = softmax(Linear(${h}))`;
  $('glimpse-equation').innerHTML = `g<sub>t</sub> = ${g}`;
  $('policy').value = config.policy;
  const hidden = {learned: config.start !== 'learned', preparation: !ofDigits(exhibit),
                  clutter: !exhibit.digits.length, quirks: !archived, reading: !reads,
                  stopping: reads, expected: reads, reliable: reads};
  for (const id in hidden) $(id).hidden = hidden[id];
  if (reads && state.many) $('run-many').click();  // which closes it
  $('pieces').value = config.clutter;
  $('as-is-text').textContent = `Take it as it is: do not ${exhibit.objects > 1 ? 'invert it' : 'look for the digit'}`;
  preparePad(exhibit);
  for (const label of document.querySelectorAll('[data-source]')) label.hidden = !has[label.dataset.source];
  $('thumbnails').replaceChildren(...exhibit.images.map((image, i) => make('button', {
    onclick: () => pick(i), ariaLabel: `Scene ${i + 1}: ${truthName(exhibit, exhibit.truths[i])}`}, painted(image))));
  moveDigit(room() / 2, room() / 2);
  scatter();
  startAt(config.start === 'mixed' ? 'center' : config.start);
  if (state.picture) $('picture-message').textContent = pictureText();
  const source = has[state.source] ? state.source : exhibit.images.length ? 'test' : 'picture';
  if (exhibit.images.length) pick(0);
  choose(source);
}
/** Shows a test scene.  The tab key reaches only its thumbnail, from which arrow keys choose others. */
function pick(scene) {
  state.scene = scene;
  [...$('thumbnails').children].forEach((button, i) => {
    button.ariaPressed = i === scene;
    button.tabIndex = i === scene ? 0 : -1;
  });
  refresh(true);
}
function stepTo(step, playing = false) {
  state.playing = playing;
  state.step = clamp(step, 0, state.episode.length - 1);
  redraw();
}
async function openPicture(file) {
  try {
    state.picture = await createImageBitmap(file);
    $('picture-message').textContent = pictureText();
  } catch {
    $('picture-message').textContent = `The browser cannot read ${file.name || 'this'} as a picture.`;
  }
  choose('picture', true);
}
