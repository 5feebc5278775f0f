/* ---- What the reader does. ---- */

const pen = {down: false, keyboard: false, at: [0.5, 0.5], line: null};
const arrows = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
const on = (id, event, action) => $(id).addEventListener(event, action);
/** Where on a canvas a pointer is, in [0, 1]. */
function within(canvas, {clientX, clientY}) {
  const box = canvas.getBoundingClientRect();
  return [(clientX - box.left) / box.width, (clientY - box.top) / box.height];
}
const drawn = () => { drawPad(); refresh(); };

on('pad', 'pointerdown', event => {
  $('pad').setPointerCapture(event.pointerId);
  pen.keyboard = false;
  state.strokes.push(pen.line = [within($('pad'), event)]);
  drawn();
});
on('pad', 'pointermove', event => {
  if (!pen.line || pen.keyboard) return;
  const events = event.getCoalescedEvents?.() ?? [];
  for (const part of events.length ? events : [event]) pen.line.push(within($('pad'), part));
  drawn();
});
for (const end of ['pointerup', 'pointercancel']) on('pad', end, () => { pen.line = null; });
on('pad', 'keydown', event => {
  if (event.key === ' ') {
    pen.down = !pen.down;
    if (pen.down) state.strokes.push(pen.line = [[...pen.at]]);
  } else if (arrows[event.key]) {
    pen.at = pen.at.map((value, i) => clamp(value + 0.04 * arrows[event.key][i], 0.04, 0.96));
    if (pen.down) pen.line.push([...pen.at]);
  } else return;
  pen.keyboard = true;
  event.preventDefault();
  drawn();
});
on('pad', 'blur', () => { pen.down = pen.keyboard = false; pen.line = null; drawPad(); });
on('stroke', 'input', drawn);
on('undo', 'click', () => { state.strokes.pop(); drawn(); });
on('clear', 'click', () => { state.strokes = []; drawn(); });
on('as-is', 'input', () => {
  if (state.picture) $('picture-message').textContent = pictureText();
  refresh();
});
for (const [id, event] of [['scatter', 'click'], ['pieces', 'change']]) on(id, event, () => { scatter(); refresh(); });
const place = event => within($('stage'), event).map(u =>
  u * (state.exhibit.config.size + 2 * state.margin) - state.margin);
on('stage', 'pointerdown', event => {
  const [x, y] = place(event), offset = [x - state.place[0], y - state.place[1]];
  const digit = state.source === 'draw' && room() && offset.every(u => u >= 0 && u < state.digit.side);
  drag = {digit, offset, from: [event.clientX, event.clientY], moved: false};
  $('stage').setPointerCapture(event.pointerId);
});
on('stage', 'pointermove', event => {
  if (drag) drag.moved ||= Math.hypot(event.clientX - drag.from[0], event.clientY - drag.from[1]) > 3;
  if (!drag?.moved) return;
  const [x, y] = place(event);
  if (drag.digit) moveDigit(x - drag.offset[0], y - drag.offset[1]);
  else lookFirst(x, y);
  refresh();
});
on('stage', 'pointerup', event => {
  const clicked = drag && !drag.moved;
  drag = null;
  if (clicked) lookFirst(...place(event));
  refresh(clicked);
});
on('stage', 'pointercancel', () => { drag = null; });
on('stage', 'keydown', event => {
  const arrow = arrows[event.key], moved = place => place.map((value, i) => Math.round(value) + arrow[i]);
  if (!arrow) return;
  event.preventDefault();
  event.stopPropagation();
  if (event.shiftKey && state.source === 'draw') moveDigit(...moved(state.place));
  else lookFirst(...moved(pixelOf(state.start, state.exhibit.config.size)));
  refresh();
});

for (const radio of document.getElementsByName('source')) radio.addEventListener('change', () => choose(radio.value));
on('file', 'change', () => { if ($('file').files[0]) openPicture($('file').files[0]); });
document.addEventListener('dragover', event => event.preventDefault());
for (const [event, given] of [['drop', 'dataTransfer'], ['paste', 'clipboardData']]) {
  document.addEventListener(event, event => {
    const file = event[given].files[0];
    if (file) { event.preventDefault(); openPicture(file); }
  });
}
on('thumbnails', 'keydown', event => {
  const chosen = $('thumbnails').children[state.scene + (arrows[event.key] ?? []).reduce(add, 0)];
  if (!arrows[event.key] || !chosen) return;
  event.preventDefault();
  chosen.focus();
  chosen.click();
});
for (const [id, kind] of [['random', 'random'], ['centre', 'center'], ['learned', 'learned']])
  on(id, 'click', () => { startAt(kind); refresh(true); });
on('sure', 'change', () => refresh(true));
on('until', 'change', () => { $('sure').checked = true; refresh(true); });
on('policy', 'change', () => { state.exhibit.config.policy = $('policy').value; refresh(true); });
on('back', 'click', () => stepTo(state.step - 1));
on('forward', 'click', () => stepTo(state.step + 1));
on('step', 'input', () => stepTo($('step').value - 1));
on('play', 'click', () => {
  state.playing = !state.playing;
  if (state.playing && state.step >= state.stop) state.step = 0;
  redraw();
});
on('run-many', 'click', () => {
  const open = !state.many;
  $('run-many').ariaPressed = open;
  $('many').hidden = !open;
  if (open) lookFromMany(); else state.many = null;
});
document.addEventListener('keydown', event => {
  if (event.target.closest('input, select, button, #pad') || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === ' ') { event.preventDefault(); $('play').click(); }
  if (arrows[event.key]?.[0]) stepTo(state.step + arrows[event.key][0]);
});
on('model', 'change', () => show($('model').selectedIndex));
/** After a change of size or of colours. */
function again() {
  if (state.episode.length) redraw();
  if (state.source === 'draw') drawPad();
  if (state.many) drawMany();
}
new ResizeObserver(again).observe(document.querySelector('main'));
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);

$('choose').hidden = entries.length < 2;
$('model').replaceChildren(...entries.map(({name}) => new Option(name)));
show(0).catch(error => { $('about').textContent = `The model cannot be shown: ${error.message}`; });
