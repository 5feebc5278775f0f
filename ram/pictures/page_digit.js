/* ---- A picture of a digit, prepared as MNIST's digits were: as datasets/digit_picture.py does it. ---- */

const SIDE = 28, BOX = 20, LONGEST = 256, FAINT = 0.3, FULL = 0.7, LEAST = 0.1, SPECK = 0.1, THICK = 2.5;

/** The digit in a grey picture {width, height, data}, data in [0, 1]: 28 x 28 values in [0, 1]; null without one. */
function preparedDigit(picture) {
  const {width, height, data} = reducedPicture(picture, Math.ceil(Math.max(picture.width, picture.height) / LONGEST));
  const ground = borderMedian({width, height, data}), light = ground > 0.5;
  const contrast = data.map(value => Math.max(0, light ? ground - value : value - ground));
  const most = contrast.reduce((a, b) => Math.max(a, b), 0);
  if (most < LEAST) return null;
  const ink = contrast.map(value => clamp((value / most - FAINT) / (FULL - FAINT), 0, 1));
  keepDigit(ink, width, height);
  return centredInk(thickened({width, height, data: ink}));
}
function borderMedian({width, height, data}) {
  const border = [];
  for (let x = 0; x < width; x++) border.push(data[x], data[(height - 1) * width + x]);
  for (let y = 0; y < height; y++) border.push(data[y * width], data[y * width + width - 1]);
  border.sort((a, b) => a - b);
  return (border[border.length / 2 - 1] + border[border.length / 2]) / 2;
}
/** Means of blocks of factor x factor pixels; those at the lower and right border have the pixels that exist. */
function reducedPicture({width, height, data}, factor) {
  const wide = Math.ceil(width / factor), high = Math.ceil(height / factor), means = new Float64Array(wide * high);
  for (let y = 0; y < high; y++) for (let x = 0; x < wide; x++) {
    const right = Math.min(width, (x + 1) * factor), bottom = Math.min(height, (y + 1) * factor);
    let sum = 0;
    for (let v = y * factor; v < bottom; v++) for (let u = x * factor; u < right; u++) sum += data[v * width + u];
    means[y * wide + x] = sum / ((right - x * factor) * (bottom - y * factor));
  }
  return {width: wide, height: high, data: means};
}
/** Erases specks, and pieces of ink that touch the border unless there are no others. */
function keepDigit(ink, width, height) {
  const piece = new Int32Array(ink.length), sizes = [0], touching = [true];
  for (let p = 0; p < ink.length; p++) {
    if (!ink[p] || piece[p]) continue;
    const stack = [p], name = sizes.push(0) - 1;
    touching.push(false);
    for (piece[p] = name; stack.length;) {
      const q = stack.pop(), x = q % width, y = Math.floor(q / width);
      sizes[name]++;
      if (x === 0 || y === 0 || x === width - 1 || y === height - 1) touching[name] = true;
      for (let v = Math.max(y - 1, 0); v <= Math.min(y + 1, height - 1); v++)
        for (let u = Math.max(x - 1, 0); u <= Math.min(x + 1, width - 1); u++) {
          const r = v * width + u;
          if (ink[r] && !piece[r]) { piece[r] = name; stack.push(r); }
        }
    }
  }
  const inner = sizes.map((size, name) => touching[name] ? 0 : size), chosen = Math.max(...inner) ? inner : sizes;
  const least = SPECK * Math.max(...chosen);
  piece.forEach((name, p) => { if (chosen[name] < least) ink[p] = 0; });
}
/** First and last row and column with ink, as [left, right, top, bottom]. */
function extent({width, data}) {
  const box = [Infinity, -Infinity, Infinity, -Infinity];
  data.forEach((value, p) => {
    if (!value) return;
    const x = p % width, y = Math.floor(p / width);
    box[0] = Math.min(box[0], x); box[1] = Math.max(box[1], x); box[2] = Math.min(box[2], y); box[3] = Math.max(box[3], y);
  });
  return box;
}
function scaleOf(ink) {
  const [left, right, top, bottom] = extent(ink);
  return Math.max(right - left + 1, bottom - top + 1) / BOX;
}
/** Ink whose strokes are about THICK pixels wide once it is fitted, or wider, with a margin on all sides. */
function thickened(ink) {
  const {width, height, data} = ink, distance = new Float64Array((width + 2) * (height + 2)), wide = width + 2;
  let sum = 0, count = 0;
  data.forEach((value, p) => {
    if (value > 0.5) distance[(Math.floor(p / width) + 1) * wide + p % width + 1] = Infinity;
  });
  const pass = (order, beside) => order.forEach(p => {
    if (distance[p]) distance[p] = Math.min(distance[p], ...beside.map(step => distance[p + step] + 1));
  });
  const inside = [];
  distance.forEach((value, p) => { if (value) inside.push(p); });
  pass(inside, [-1, -wide - 1, -wide, -wide + 1]);
  pass(inside.reverse(), [1, wide - 1, wide, wide + 1]);
  inside.forEach(p => { sum += distance[p]; count++; });
  const more = Math.max(0, rint((THICK * scaleOf(ink) - (4 * sum / count - 2)) / 2));
  const across = width + 2 * more, down = height + 2 * more;
  const rows = new Float64Array(across * height), grown = new Float64Array(across * down);
  for (let y = 0; y < height; y++) for (let x = 0; x < across; x++)
    for (let u = Math.max(0, x - 2 * more); u <= Math.min(width - 1, x); u++)
      rows[y * across + x] = Math.max(rows[y * across + x], data[y * width + u]);
  for (let y = 0; y < down; y++) for (let v = Math.max(0, y - 2 * more); v <= Math.min(height - 1, y); v++)
    for (let x = 0; x < across; x++)
      grown[y * across + x] = Math.max(grown[y * across + x], rows[v * across + x]);
  return {width: across, height: down, data: grown};
}
/** Ink fitted into the box and centred by its mass: SIDE x SIDE values. */
function centredInk(ink) {
  const {width, height, data} = ink, scale = scaleOf(ink);
  let mass = 0, x = 0, y = 0;
  data.forEach((value, p) => {
    mass += value;
    x += value * (p % width + 0.5);
    y += value * (Math.floor(p / width) + 0.5);
  });
  const share = (t, middle, u) => Math.max(0, Math.min((t + 1 - SIDE / 2) * scale + middle, u + 1) -
    Math.max((t - SIDE / 2) * scale + middle, u)) / scale;
  const small = new Float64Array(SIDE * SIDE);
  data.forEach((value, p) => {
    if (!value) return;
    const u = p % width, v = Math.floor(p / width);
    const at = (place, middle) => Math.floor((place - middle) / scale + SIDE / 2);
    for (let t = Math.max(0, at(v, y / mass)); t <= Math.min(SIDE - 1, at(v + 1, y / mass)); t++)
      for (let s = Math.max(0, at(u, x / mass)); s <= Math.min(SIDE - 1, at(u + 1, x / mass)); s++)
        small[t * SIDE + s] += value * share(t, y / mass, v) * share(s, x / mass, u);
  });
  const most = small.reduce((a, b) => Math.max(a, b), 0);
  return small.map(value => Math.round(value / most * 255) / 255);
}
