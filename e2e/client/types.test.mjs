// client.d.ts says what programs may do (usage.ts), and client.js keeps what it says.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const HERE = import.meta.dirname;
const TSC = join(HERE, '../node_modules/typescript/bin/tsc');

function check(words) {
  const common = ['--noEmit', '--target', 'es2022', '--module', 'nodenext', '--lib', 'es2022,dom,dom.iterable'];
  const { status, stdout } = spawnSync(process.execPath, [TSC, ...common, ...words], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
}

test('programs are checked against it', () => {
  check(['--strict', join(HERE, 'usage.ts')]);
});

test('the module has the types that it is said to have', () => {
  check(['--allowJs', '--checkJs', join(HERE, '../../client/client.js')]);
});
