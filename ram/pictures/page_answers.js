/* ---- What the model thinks: its answers, as words, bars and lines. ---- */

/** The answer of now: its place, its first glimpse, and its steps, of which the last gives it. */
function current() {
  const {network, config} = state.exhibit, place = network.place(state.step), first = place * config.glimpses;
  return {place, first, steps: state.episode.slice(first, first + config.glimpses)};
}
/** The true answer of now; null if there is none, -1 after the end of the true text. */
const wanted = () => state.exhibit.network.reads ? state.truth?.[current().place] ?? null : state.truth;
/** The classes that have a bar: all, or of many the likeliest at last, and the truth. */
function shownClasses() {
  const {network} = state.exhibit, truth = wanted() ?? -1, last = current().steps.at(-1).probabilities;
  const order = [...last.keys()].sort((a, b) => last[b] - last[a]).slice(0, BARS + network.reads);  // with the end
  return [...new Set(truth < 0 ? order : [...order, truth])].sort((a, b) => a - b);
}
const kindOf = (c, answer) => c === wanted() ? 'truth' : c === answer && wanted() !== null ? 'miss' : '';
/** Fills a list of bars: [class, share, text] each. */
function fillBars(list, rows, answer) {
  list.replaceChildren(...rows.map(([c, share, text]) => {
    const {names, labels} = state.exhibit, filled = make('span');
    filled.style.width = `${100 * share}%`;
    return make('li', {className: kindOf(c, answer)}, make('b', {title: names[c]}, labels[c]), make('i', {}, filled),
                make('em', {}, text));
  }));
}
/** Fills a paragraph with what the model says, and what is true of it: `kind` is 'right', 'wrong' or ''. */
function tell(paragraph, {says, is, kind}) {
  paragraph.classList.remove('right', 'wrong');
  if (kind) paragraph.classList.add(kind);
  paragraph.replaceChildren(says, make('small', {}, is));
}
/** What the model says after this glimpse: a class; or the character of a place in a text, if it has come to that. */
function thoughtOf({probabilities, answer}) {
  const {exhibit: {names, network}, step} = state, {place, first, steps} = current(), truth = wanted();
  const named = c => network.reads && c === names.length - 1 ? `the ${names[c]}` : names[c];
  const chance = `${named(answer)} (${percent(probabilities[answer])})`;
  const says = !network.reads ? `It says ${chance}`
    : `Answer ${place + 1} ${step === first + steps.length - 1 ? 'is' : 'may be'} ${chance}`;
  if (truth === null) return {says, is: '', kind: ''};
  if (truth < 0) return {says, is: 'The text has ended before.', kind: 'wrong'};
  return answer === truth ? {says, is: 'That is right.', kind: 'right'}
    : {says, is: `It is ${named(truth)}.`, kind: 'wrong'};
}
function drawMind() {
  const {episode, step, truth, exhibit} = state, {probabilities, answer} = episode[step];
  fillBars($('bars'), shownClasses().map(c => [c, probabilities[c], percent(probabilities[c])]), answer);
  const empty = {test: '', draw: state.strokes.length ? '' : 'Nothing is drawn yet.',
                 picture: state.picture ? '' : 'There is no picture yet.'}[state.source];
  const thought = thoughtOf(episode[step]), {reads} = exhibit.network;
  const whole = reads ? readingOf(exhibit, episode, step, truth) : thought;
  whole.is ||= empty;
  tell($('answer'), thought);
  tell($('reading'), whole);
  $('brief').className = whole.kind;
  $('brief').textContent = empty || (whole.is ? `${whole.says}, ${whole.kind === 'right' ? 'right'
    : whole.is.replace(/^It/, 'it').slice(0, -1)}` : whole.says);
  clearTimeout(spoken);  // a screen reader hears the answer once it has settled
  spoken = setTimeout(() => {
    $('live').textContent = `Glimpse ${step + 1} of ${episode.length}. ${whole.says}. ${whole.is}`;
  }, 500);
}
/** The probabilities of the classes over the glimpses of the answer of now, as lines. */
function drawLines() {
  const {step, exhibit: {names, config: {glimpses}, network}} = state, {first, steps} = current(), truth = wanted();
  const svg = $('lines'), [left, top, right, bottom] = [26, 6, 276, 148];
  const x = t => glimpses === 1 ? (left + right) / 2 : left + (right - left) * t / (glimpses - 1);
  const y = value => bottom + (top - bottom) * clamp(value, 0, 1);
  svg.replaceChildren();
  const put = (tag, attributes, text = '') => {
    const element = svg.appendChild(document.createElementNS(svg.namespaceURI, tag));
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
  };
  for (const value of [0, 0.5, 1]) {
    put('line', {class: 'grid', x1: left, x2: right, y1: y(value), y2: y(value)});
    put('text', {x: left - 5, y: y(value) + 4, 'text-anchor': 'end'}, value);
  }
  for (let t = 0; t < glimpses; t += Math.ceil(glimpses / 10))
    put('text', {x: x(t), y: bottom + 16, 'text-anchor': 'middle'}, first + t + 1);
  put('line', {class: 'now', x1: x(step - first), x2: x(step - first), y1: top, y2: bottom});
  const trace = values => values.map((value, t) => `${x(t)},${y(value)}`).join(' ');
  const last = steps.at(-1), marked = c => c === truth || c === last.answer;
  for (const c of shownClasses().sort((a, b) => marked(a) - marked(b))) {
    const kind = kindOf(c, last.answer) || (c === last.answer ? 'lead' : '');
    put('polyline', {class: kind, points: trace(steps.map(({probabilities}) => probabilities[c]))});
    const sign = {truth: '✓', miss: '✗'}[kind] ?? '', short = names[c].replace(' and ', '&');
    if (marked(c)) put('text', {x: right + 5, y: y(last.probabilities[c]) + 4}, [...short].slice(0, 3).join('') + sign);
  }
  if (!network.reads) put('polyline', {class: 'reward', points: trace(steps.map(({reward}) => reward))});
  svg.ariaLabel = `Probability of ${names[last.answer]} over the glimpses: ` +
    steps.map(({probabilities}) => percent(probabilities[last.answer])).join(', ');
}
function drawMany() {
  const {many, exhibit} = state, {classes, size} = exhibit.config, count = many.ends.length;
  const votes = new Map();
  for (const answer of many.answers) votes.set(answer, (votes.get(answer) ?? 0) + 1);
  const order = [...votes].sort((a, b) => b[1] - a[1]), usual = state.truth ?? order[0][0];
  fillBars($('votes'), order.slice(0, BARS).map(([c, n]) => [c, n / count, percent(n / count)]), order[0][0]);
  const text = `${order[0][1]} of ${count} end with the answer ${classes[order[0][0]]}. The gaze ends at the dots` +
    (order.length > 1 || order[0][0] !== usual ? `, at the crosses with another answer than ${classes[usual]}.` : '.');
  $('many-text').textContent = text;
  $('crowd').ariaLabel = text;
  const context = drawImage($('crowd'), 1), point = (size + 2) / $('crowd').clientWidth;
  many.ends.forEach((location, i) => {
    const [x, y] = pixelOf(location, size);
    context.beginPath();
    if (many.answers[i] === usual) {
      context.fillStyle = '#ffb000b0';
      context.arc(x, y, 3 * point, 0, 7);
      context.fill();
    } else {
      for (const turn of [-1, 1]) {
        context.moveTo(x - 4 * point, y - 4 * turn * point);
        context.lineTo(x + 4 * point, y + 4 * turn * point);
      }
      for (const [width, strokeStyle] of [[4, '#000'], [2, '#ff9b6b']]) {
        Object.assign(context, {strokeStyle, lineWidth: width * point});
        context.stroke();
      }
    }
  });
}
