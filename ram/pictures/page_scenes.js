/* ---- Scenes of one's own: drawings and pictures. ---- */

const STREET = [[0.95, 0.2], [0.92, 0.33], [0.82, 0.48]];  // red, green, blue of a drawing's ink and of its ground
const MOST_PIXELS = 2048;  // a side of an opened picture; a larger one is reduced
const PIECE = 8;           // pixels, a side of a piece of clutter
const LOOSE = 1.3;         // the side of a number's square, in sides of its box: ROOM in datasets/crops.py
/** Whether the scenes are of grey digits, and not pictures. */
const ofDigits = ({channels, own}) => channels === 1 && !own;
/** Whether one draws in the scene itself, since a scene holds more than one digit. */
const drawnFreely = ({objects, network}) => objects > 1 || network.reads;

/** Ink in [0, 1], side x side, of lines [[x, y], ...] in pixels, `width` wide, with smooth edges. */
function inked(lines, width, side) {
  const nearest = new Float32Array(side * side).fill(Infinity);
  for (const line of lines) line.forEach(([x1, y1], i) => {
    const [x0, y0] = line[Math.max(i - 1, 0)], dx = x1 - x0, dy = y1 - y0, square = dx * dx + dy * dy || 1;
    for (let p = 0; p < nearest.length; p++) {
      const x = p % side + 0.5 - x0, y = Math.floor(p / side) + 0.5 - y0;
      const along = clamp((x * dx + y * dy) / square, 0, 1);
      nearest[p] = Math.min(nearest[p], (x - along * dx) ** 2 + (y - along * dy) ** 2);
    }
  });
  return nearest.map(distance => clamp(width / 2 + 0.5 - Math.sqrt(distance), 0, 1));
}
/** A drawing as MNIST's digits are: fitted into a box of 20 of 28 pixels, and centred by its mass. */
function digitOf(strokes, width, side, box) {
  const points = strokes.flat(), [xs, ys] = [0, 1].map(i => points.map(point => point[i]));
  if (!points.length) return new Float32Array(side * side);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = (box - width) / Math.max(right - left, bottom - top, 0.15);
  const placed = (x, y) => strokes.map(line => line.map(point =>
    [(point[0] - (left + right) / 2) * scale + x, (point[1] - (top + bottom) / 2) * scale + y]));
  const ink = inked(placed(side / 2, side / 2), width, side);
  let mass = 0, x = 0, y = 0;
  ink.forEach((value, p) => {
    mass += value;
    x += value * (p % side + 0.5);
    y += value * (Math.floor(p / side) + 0.5);
  });
  return inked(placed(side - x / mass, side - y / mass), width, side);
}
/** The ink of the drawing, side x side: the scene's, if one draws in it freely, else that of a digit. */
function drawnInk() {
  const {strokes, digit: {side, box}} = state, width = +$('stroke').value;
  return box ? digitOf(strokes, width, side, box)
    : inked(strokes.map(line => line.map(point => point.map(u => u * side))), width, side);
}
/** What is drawn, on its scene, among pieces of clutter; where two meet, the brighter pixel stays. */
function drawnScene() {
  const {exhibit, digit, place} = state, {size} = exhibit.config, image = imageOf(exhibit.channels, size);
  const ink = drawnInk();
  const cover = new Float32Array(size * size);
  const put = (value, x, y) => { cover[y * size + x] = Math.max(cover[y * size + x], value); };
  ink.forEach((value, p) => put(value, place[0] + p % digit.side, place[1] + Math.floor(p / digit.side)));
  for (const {source, cut, to} of state.pieces) for (let y = 0; y < PIECE; y++) for (let x = 0; x < PIECE; x++)
    put(exhibit.digits[source][(cut[1] + y) * exhibit.digit + cut[0] + x] / 255, to[0] + x, to[1] + y);
  cover.forEach((value, p) => {
    for (let c = 0; c < image.channels; c++) {
      const [ink, ground] = image.channels === 3 ? STREET[c] : [1, 0];
      image.data[c * size * size + p] = ground + (ink - ground) * value;
    }
  });
  return image;
}
/** New pieces of clutter, each cut from a digit that the model has not seen. */
function scatter() {
  const {digits, digit, config} = state.exhibit, below = n => Math.floor(Math.random() * n);
  const count = digits.length ? clamp(Math.round($('pieces').value), 0, 40) : 0;
  state.pieces = Array.from({length: count}, () => ({
    source: below(digits.length), cut: [below(digit - PIECE + 1), below(digit - PIECE + 1)],
    to: [below(config.size - PIECE + 1), below(config.size - PIECE + 1)]}));
}
/** A picture at another size; it shrinks by halves, so that every pixel counts. */
function resized(picture, width, height) {
  const half = (side, least) => Math.max(least, Math.ceil(side / 2));
  if (picture.width > 2 * width || picture.height > 2 * height)
    picture = resized(picture, half(picture.width, width), half(picture.height, height));
  const canvas = make('canvas', {width, height});
  const context = Object.assign(canvas.getContext('2d'), {fillStyle: '#fff', imageSmoothingQuality: 'high'});
  context.fillRect(0, 0, width, height);  // white where the picture is transparent
  context.drawImage(picture, 0, 0, width, height);
  return canvas;
}
/** The mean colour of a canvas, in the style sheets' form. */
function meanColour(canvas) {
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data, sums = [0, 0, 0];
  pixels.forEach((value, i) => { if (i % 4 < 3) sums[i % 4] += value; });
  return `rgb(${sums.map(sum => Math.round(4 * sum / pixels.length)).join(' ')})`;
}
/** The grey values in [0, 1] of a picture, as Pillow computes them. */
function greyOf(picture) {
  const scale = Math.min(1, MOST_PIXELS / Math.max(picture.width, picture.height));
  const [width, height] = [picture.width, picture.height].map(side => Math.max(1, Math.round(side * scale)));
  const pixels = resized(picture, width, height).getContext('2d').getImageData(0, 0, width, height).data;
  const data = Float32Array.from({length: width * height}, (_, i) =>
    (19595 * pixels[4 * i] + 38470 * pixels[4 * i + 1] + 7471 * pixels[4 * i + 2] + 32768 >> 16) / 255);
  return {width, height, data};
}
/** The digit of the opened picture in the middle of a scene, or null.  A picture that is a scene stays as it is. */
function digitScene() {
  const {exhibit, picture} = state, {size} = exhibit.config, grey = greyOf(picture);
  const image = imageOf(1, size), start = size - SIDE >> 1;
  if (grey.width === size && grey.height === size && borderMedian(grey) <= 0.5) return {...image, data: grey.data};
  const digit = preparedDigit(grey);
  digit?.forEach((value, p) => { image.data[(start + Math.floor(p / SIDE)) * size + start + p % SIDE] = value; });
  return digit && image;
}
/** The opened picture as a scene: a digit as MNIST's are; else fitted as a whole, and around it black, or for a model
    of pictures their mean colour.  Several digits on a light ground are inverted. */
function pictureScene() {
  const {exhibit, picture} = state, {size, fit} = exhibit.config, image = imageOf(exhibit.channels, size);
  if (!picture) return image;
  const prepared = ofDigits(exhibit) && !$('as-is').checked, several = exhibit.objects > 1;
  if (prepared && !several) return digitScene() ?? image;
  const inverted = prepared && borderMedian(greyOf(picture)) > 0.5, own = !ofDigits(exhibit);
  const largest = Math.max(picture.width, picture.height, own && fit === 'resize' ? 0 : size), scale = size / largest;
  const [width, height] = [picture.width, picture.height].map(side => Math.max(1, Math.round(side * scale)));
  const fitted = resized(picture, width, height);
  const context = make('canvas', {width: size, height: size}).getContext('2d');
  context.fillStyle = own ? meanColour(fitted) : inverted ? '#fff' : '#000';
  context.fillRect(0, 0, size, size);
  context.drawImage(fitted, (size - width) >> 1, (size - height) >> 1);
  const pixels = context.getImageData(0, 0, size, size).data, luma = [0.299, 0.587, 0.114];
  image.data.forEach((_, i) => {
    const p = i % (size * size) * 4, c = Math.floor(i / (size * size));
    const value = image.channels === 3 ? pixels[p + c] : luma.reduce((sum, share, c) => sum + share * pixels[p + c], 0);
    image.data[i] = (inverted ? 255 - value : value) / 255;
  });
  return image;
}
/** What was done with the opened picture, as a sentence. */
function pictureText() {
  const {exhibit, picture} = state, {size} = exhibit.config, given = `${picture.width} × ${picture.height} pixels; `;
  if (!ofDigits(exhibit) || $('as-is').checked) return `${given}the model sees ${size} × ${size}.`;
  if (exhibit.objects > 1) return `${given}the model sees it as ${size} × ${size}, light on black.`;
  return given + (digitScene() ? 'the digit is prepared as MNIST’s were.' : 'no digit can be seen in it.');
}
/** What is drawn on the pad, and how: a digit that is fitted, or the scene itself. */
function preparePad(exhibit) {
  const {channels, objects, network: {reads}, config: {size, margin, classes, dataset}} = exhibit;
  const free = drawnFreely(exhibit), share = objects > 1 ? 20 / size : dataset === 'numbers' ? 1 / LOOSE / margin : 0;
  const name = classes.every(name => '0123456789'.includes(name)) ? 'number' : 'text';
  state.digit = free ? {side: size, pad: size, what: reads ? `a ${name}` : 'two digits'}
    : {pad: 28, what: 'a digit', ...channels === 3 ? {side: 32, box: 26} : {side: 28, box: 20}};
  $('drawing-hint').textContent = !free ? 'The drawing is fitted and centred as MNIST’s digits are' +
    (room() ? '; drag it about in the scene.' : '.') : 'The pad is the whole scene.' + (!share ? ''
    : ` In training, ${reads ? 'the number' : 'a digit'} had about ${percent(share)} of its size.`);
  const [min, max, value] = reads ? [size / 40, size / 5, size / 11] : [1, 5, 2.5];  // pixels
  if (+$('stroke').max !== max) Object.assign($('stroke'), {min, max, value});
}
