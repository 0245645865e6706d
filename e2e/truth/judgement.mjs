// What was told, held against the truth.
//
// Knows rows and reasons as the server gives them, and the `truth` and `also` of an episode. Does not
// know how either was come by.

export const inWords = ({ state, waitingFor }) => waitingFor ? `${state} (${waitingFor})` : state;

export const toldOf = row => row === undefined ? 'gone' : inWords(row);

// Which of these fields of a row are otherwise. A number of milliseconds can't be foreseen.
export function faultsOf(row, also = {}) {
  return Object.entries(also)
    .filter(([name, value]) => JSON.stringify(strip(row[name])) !== JSON.stringify(value))
    .map(([name, value]) => `${name} is ${JSON.stringify(row[name])} and not ${JSON.stringify(value)}`);
}

// What is wrong with the reasons that the server gives.
export function doubts({ status, json }, { state }) {
  if (state === 'gone') return status === 200 ? ['why: it knows reasons still'] : [];
  const decided = json?.evidence?.filter(({ decided: one }) => one).length ?? 0;
  return status === 200 && json.state === state && decided > 0 ? [] : [`why: ${status} ${json?.state}, ${decided} pieces of evidence decided`];
}

const strip = value => {
  if (value?.since === undefined) return value;
  const { since, ...rest } = value;
  return rest;
};

// The rows of these lists that are unknown although their sessions had a state before.
export function forgotten(lists) {
  const known = new Set();
  return lists.flatMap(rows => [...rows.values()]).filter(({ key, state }) => {
    if (state !== 'unknown' && state !== 'starting') known.add(key);
    return state === 'unknown' && known.has(key);
  });
}

// The keys that were in one of these lists, not in a later one, and then again.
export function returned(lists) {
  const [gone, back] = [new Set(), new Set()];
  let before = new Map();
  for (const rows of lists) {
    for (const key of before.keys()) if (!rows.has(key)) gone.add(key);
    for (const key of rows.keys()) if (gone.has(key)) back.add(key);
    before = rows;
  }
  return [...back];
}
