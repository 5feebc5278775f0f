/* ---- The scene and the gaze on canvases. ---- */

/** A canvas's context, with as many pixels as it has on the screen; `units` span its width. */
function contextOf(canvas, units) {
  const side = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
  if (canvas.width !== side || canvas.height !== side) canvas.width = canvas.height = side;
  const context = canvas.getContext('2d');
  context.setTransform(side / units, 0, 0, side / units, 0, 0);
  return context;
}
/** An image on a canvas of its own, a pixel each. */
function painted(image, canvas = make('canvas'), value = x => x) {
  const {channels, height, width, data} = image, area = height * width, pixels = new ImageData(width, height);
  for (let p = 0; p < area; p++) {
    for (let c = 0; c < 3; c++) pixels.data[4 * p + c] = 255 * value(data[p + c % channels * area], c % channels);
    pixels.data[4 * p + 3] = 255;
  }
  Object.assign(canvas, {width, height}).getContext('2d').putImageData(pixels, 0, 0);
  return canvas;
}
/** Pixels around the image, enough for all squares of the episode; in steps, so that the view is calm. */
function marginOf({config: {patch, factor, scales, size}}) {
  const side = patch * factor ** (scales - 1);
  const reach = Math.max(...state.episode.flatMap(({location}) => corner(location, state.image, side)
    .map(low => Math.max(-low, low + side - size))));
  return 1 + clamp(Math.ceil(8 * reach / size), 1, 4) * size / 8;
}
/** The image on a canvas with its margin; from then on the context counts the image's pixels from its corner. */
function drawImage(canvas, around) {
  const {size} = state.exhibit.config, context = contextOf(canvas, size + 2 * around);
  context.fillStyle = css('--outside');
  context.fillRect(0, 0, size + 2 * around, size + 2 * around);
  context.translate(around, around);
  context.imageSmoothingEnabled = false;
  context.drawImage(painted(state.image), 0, 0);
  return context;
}
const pixelOf = (location, size) => [...location].map(l => (l + 1) / 2 * size);
function drawStage() {
  const {episode, step, exhibit} = state, {size, patch, factor, scales} = exhibit.config, canvas = $('stage');
  const context = drawImage(canvas, state.margin), point = (size + 2 * state.margin) / canvas.clientWidth;
  const line = (width, strokeStyle, trace) => {
    Object.assign(context, {strokeStyle, lineWidth: width * point});
    context.beginPath();
    trace();
    context.stroke();
  };
  const both = trace => { line(4, '#000a', trace); line(2, css('--gaze'), trace); };
  if (state.source === 'draw' && room()) {
    context.setLineDash([4 * point, 4 * point]);
    line(1, '#fff9', () => context.rect(...state.place, state.digit.side, state.digit.side));
    context.setLineDash([]);
  }
  for (let k = scales - 1; k >= 0; k--) {
    const side = patch * factor ** k;
    both(() => context.rect(...corner(episode[step].location, state.image, side), side, side));
  }
  const path = episode.slice(0, step + 1).map(({location}) => pixelOf(location, size));
  both(() => path.forEach(([x, y]) => context.lineTo(x, y)));
  path.forEach(([x, y], t) => {
    context.fillStyle = t === 0 && step ? '#fff' : css('--gaze');
    line(1.5, '#000', () => context.arc(x, y, (t === step ? 6 : 4) * point, 0, 7));
    context.fill();
  });
}
function drawRetina() {
  const {config, channels} = state.exhibit, {patch, scales, factor} = config, {means, deviation} = state.seen;
  const length = channels * patch * patch, figures = $('retina').children;
  for (let k = 0; k < scales; k++) {
    const data = state.episode[state.step].rho.subarray(k * length, (k + 1) * length);
    painted({channels, height: patch, width: patch, data}, figures[k].firstChild,
            means ? (x, c) => x * deviation + means[c] : undefined);
  }
}
