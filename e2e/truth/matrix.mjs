// How often each truth was told as what.
//
// Knows how to count and to print. Does not know what the words mean.

export class Matrix {
  #cells = new Map();

  constructor(title) {
    this.title = title;
  }

  add(truth, told) {
    if (!this.#cells.has(truth)) this.#cells.set(truth, new Map());
    const row = this.#cells.get(truth);
    row.set(told, (row.get(told) ?? 0) + 1);
  }

  // `{ total, right }` over all truths.
  get sum() {
    const counts = [...this.#cells].map(([truth, row]) => ({ total: total(row), right: row.get(truth) ?? 0 }));
    return counts.reduce((a, b) => ({ total: a.total + b.total, right: a.right + b.right }), { total: 0, right: 0 });
  }

  // One line a truth: how many samples, how many of them right, and what the others were told as.
  toString() {
    const width = Math.max(...[...this.#cells.keys()].map(truth => truth.length), 5);
    const lines = [...this.#cells].sort().map(([truth, row]) => {
      const right = row.get(truth) ?? 0;
      const others = [...row].filter(([told]) => told !== truth).map(([told, count]) => `${told} ${count}`);
      return `  ${truth.padEnd(width)}  ${cell(right, total(row))}  ${others.join(', ') || '-'}`;
    });
    const { right, total: all } = this.sum;
    return [
      `${this.title}`,
      `  ${'truth'.padEnd(width)}  ${'told so'.padStart(17)}  told otherwise`,
      ...lines,
      `  ${'all'.padEnd(width)}  ${cell(right, all)}`,
    ].join('\n');
  }
}

const total = row => [...row.values()].reduce((a, b) => a + b, 0);

const cell = (right, all) => `${right}/${all} ${(all === 0 ? 0 : right / all * 100).toFixed(1)} %`.padStart(17);
