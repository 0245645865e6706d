// A PATH on which no Rust is found, for a host whose person has none.

import { access, mkdir, readdir, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

const RUST = /^(cargo|rustc|rustup|rustdoc)(-|$)/;

// Returns the directories of `path` without those that hold Rust. One that holds other tools as well
// is replaced by a folder of links to these, made in `folder`.
export async function pathWithoutRust(folder, path = process.env.PATH) {
  const kept = [];
  for (const directory of path.split(delimiter).filter(Boolean)) {
    const names = await readdir(directory).catch(() => []);
    const rest = names.filter(name => !RUST.test(name));
    if (rest.length === names.length) {
      if (names.length > 0) kept.push(directory);
      continue;
    }
    const links = join(folder, `path-${kept.length}`);
    await mkdir(links, { recursive: true });
    await Promise.all(rest.map(name => symlink(join(directory, name), join(links, name))));
    kept.push(links);
  }
  return kept.join(delimiter);
}

// Returns the directories of `path` in which `program` is found.
export async function whereIs(program, path) {
  const places = path.split(delimiter).map(directory => join(directory, program));
  const found = await Promise.all(places.map(place => access(place).then(() => true, () => false)));
  return places.filter((_, at) => found[at]);
}
