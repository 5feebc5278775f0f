/* ---- What a model that reads has read, for its reader.  A row of labels is as in ram/sequences.py. ---- */

/** A row of labels as a text: its characters before the end. */
const spelt = ({config: {classes}}, row) => row.map(label => classes[label] ?? '').join('');
/** The name of a test scene's truth: a class, or a text. */
const truthName = (exhibit, truth) => exhibit.network.reads ? spelt(exhibit, truth) : exhibit.names[truth];
/** What is read at these steps.  In the last place there can only be the end. */
function readSoFar(exhibit, steps) {
  const {network, config} = exhibit;
  return spelt(exhibit, network.answers(steps).slice(0, config.longest));
}
/** The text read so far; and once it is complete, whether it is right.  truth: a row of labels, or null. */
function readingOf(exhibit, episode, step, truth) {
  const text = readSoFar(exhibit, episode.slice(0, step + 1));
  if (step < episode.length - 1) return {says: `It reads ${text}…`, is: '', kind: ''};
  const says = `It reads ${text || 'nothing'}`;
  if (!truth) return {says, is: '', kind: ''};
  const right = spelt(exhibit, truth);
  return text === right ? {says, is: 'That is right.', kind: 'right'} : {says, is: `It is ${right}.`, kind: 'wrong'};
}
