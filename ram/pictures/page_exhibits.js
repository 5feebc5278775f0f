/* ---- What the page holds. ---- */

/** The number that 16 bits stand for. */
function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = bits >> 10 & 31, fraction = bits & 1023;
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction / 1024 * 2 ** -14);
}
/** Unpacks one model with its scenes. */
async function unpack(entry) {
  const text = atob(entry.data), packed = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) packed[i] = text.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
  const bytes = await new Response(stream).arrayBuffer(), weights = {}, {config} = entry;
  const wide = entry.weights === 'float32';
  let at = 0, count = 0;
  for (const [name, shape] of entry.arrays) {
    const length = shape.reduce((a, b) => a * b), [rows] = shape, columns = length / rows;
    const data = new Float32Array(length);
    const stored = new (wide ? Float32Array : Uint16Array)(bytes, at, length);
    stored.forEach((value, p) => { data[p % columns * rows + Math.floor(p / columns)] = wide ? value : half(value); });
    weights[name] = {data, rows};
    at += stored.byteLength;
    count += length;
  }
  const images = [], pixels = entry.channels * config.size ** 2, digits = [];
  for (let i = 0; i < entry.truths.length; i++, at += pixels)
    images.push(imageOf(entry.channels, config.size, new Uint8Array(bytes, at, pixels)));
  for (let i = 0; i < entry.digits; i++, at += entry.digit ** 2)
    digits.push(new Uint8Array(bytes, at, entry.digit ** 2));
  return {...entry, data: null, images, digits, count, network: new Network(config, weights)};
}
/** An image of values in [0, 1], channel by channel, from bytes or from nothing. */
function imageOf(channels, size, bytes) {
  const data = new Float32Array(channels * size * size);
  if (bytes) data.forEach((_, i) => data[i] = bytes[i] * Math.fround(1 / 255));
  return {channels, height: size, width: size, data};
}
